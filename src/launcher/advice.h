/* What shim.c says of a tool that is not there: scripts/build/advice.py writes it from the catalog. */
#define NEWEST L"13"
#define BUNDLE L"cuda-shims[cu13]"
/* the last one is of any other name */
static const WCHAR *const advice[][2] = {
    {L"nvcc", L"nvidia-cuda-nvcc holds it; run: pip install \"cuda-shims[cu13]\""},
    {L"ptxas", L"nvidia-cuda-nvcc holds it; run: pip install \"cuda-shims[cu13]\""},
    {L"fatbinary", L"nvidia-cuda-nvcc holds it; run: pip install \"cuda-shims[cu13]\""},
    {L"nvlink", L"nvidia-cuda-nvcc holds it; run: pip install \"cuda-shims[cu13]\""},
    {L"bin2c", L"nvidia-cuda-nvcc holds it; run: pip install \"cuda-shims[cu13]\""},
    {L"cudafe++", L"nvidia-cuda-nvcc holds it; run: pip install \"cuda-shims[cu13]\""},
    {L"cicc", L"nvidia-nvvm holds it; run: pip install \"cuda-shims[cu13]\""},
    {L"cuobjdump", L"nvidia-cuda-cuobjdump holds it (since CUDA 13.2); run: pip install \"cuda-toolkit[cuobjdump]==13.*\""},
    {L"nvdisasm", L"nvidia-cuda-nvdisasm holds it (since CUDA 13.2); run: pip install \"cuda-toolkit[nvdisasm]==13.*\""},
    {L"compute-sanitizer", L"nvidia-cuda-sanitizer-api holds it (since CUDA 12.9); run: pip install \"cuda-toolkit[sanitizer]==13.*\""},
    {L"tileiras", L"nvidia-cuda-tileiras holds it (since CUDA 13.1); run: pip install \"cuda-toolkit[tileiras]==13.*\""},
    {L"tileirdisasm", L"nvidia-cuda-tileiras holds it (since CUDA 13.4); run: pip install \"cuda-toolkit[tileiras]==13.*\""},
    {L"", L"no CUDA wheel on PyPI holds a tool of that name"},
};
/* the last one is of any other name */
static const WCHAR *const advice_12[][2] = {
    {L"nvcc", L"NVIDIA publishes no nvcc on PyPI before CUDA 13.0; nvidia-cuda-nvcc holds it; pip install \"cuda-shims[cu13]\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"},
    {L"ptxas", L"nvidia-cuda-nvcc-cu12 holds it; run: pip install \"cuda-toolkit[nvcc]==12.*\""},
    {L"fatbinary", L"NVIDIA publishes no fatbinary on PyPI before CUDA 13.0; nvidia-cuda-nvcc holds it; pip install \"cuda-shims[cu13]\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"},
    {L"nvlink", L"NVIDIA publishes no nvlink on PyPI before CUDA 13.0; nvidia-cuda-nvcc holds it; pip install \"cuda-shims[cu13]\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"},
    {L"bin2c", L"NVIDIA publishes no bin2c on PyPI before CUDA 13.0; nvidia-cuda-nvcc holds it; pip install \"cuda-shims[cu13]\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"},
    {L"cudafe++", L"NVIDIA publishes no cudafe++ on PyPI before CUDA 13.0; nvidia-cuda-nvcc holds it; pip install \"cuda-shims[cu13]\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"},
    {L"cicc", L"NVIDIA publishes no cicc on PyPI before CUDA 13.0; nvidia-nvvm holds it; pip install \"cuda-shims[cu13]\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"},
    {L"cuobjdump", L"NVIDIA publishes no cuobjdump on PyPI before CUDA 13.2; nvidia-cuda-cuobjdump holds it (since CUDA 13.2); pip install \"cuda-toolkit[cuobjdump]==13.*\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"},
    {L"nvdisasm", L"NVIDIA publishes no nvdisasm on PyPI before CUDA 13.2; nvidia-cuda-nvdisasm holds it (since CUDA 13.2); pip install \"cuda-toolkit[nvdisasm]==13.*\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"},
    {L"compute-sanitizer", L"nvidia-cuda-sanitizer-api-cu12 holds it (since CUDA 12.9); run: pip install \"cuda-toolkit[sanitizer]==12.*\""},
    {L"tileiras", L"NVIDIA publishes no tileiras on PyPI before CUDA 13.1; nvidia-cuda-tileiras holds it (since CUDA 13.1); pip install \"cuda-toolkit[tileiras]==13.*\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"},
    {L"tileirdisasm", L"NVIDIA publishes no tileirdisasm on PyPI before CUDA 13.4; nvidia-cuda-tileiras holds it (since CUDA 13.4); pip install \"cuda-toolkit[tileiras]==13.*\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"},
    {L"", L"no CUDA wheel on PyPI holds a tool of that name"},
};
