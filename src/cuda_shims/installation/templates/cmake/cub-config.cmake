include("${CMAKE_CURRENT_LIST_DIR}/toolkit.cmake")
