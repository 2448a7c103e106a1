//! Edit distances on a GPU, behind a C interface of which maturin makes a module with cffi.

use std::os::raw::c_int;

extern "C" {
    fn distance_run(
        text: *const u8,
        size: c_int,
        others: *const u8,
        ends: *const c_int,
        answers: *mut c_int,
        count: c_int,
    ) -> c_int;
    fn distance_headers_version() -> c_int;
    fn distance_runtime_version() -> c_int;
}

/// Fills `answers` with the distance of `text` from each of `count` others; returns a cudaError_t.
///
/// # Safety
/// `ends` and `answers` must have `count` numbers, and `others` as many bytes as the last of `ends` says.
#[no_mangle]
pub unsafe extern "C" fn levenshtein_gpu_distances(
    text: *const u8,
    size: c_int,
    others: *const u8,
    ends: *const c_int,
    answers: *mut c_int,
    count: c_int,
) -> c_int {
    distance_run(text, size, others, ends, answers, count)
}

/// The version of CUDA's headers.
#[no_mangle]
pub extern "C" fn levenshtein_gpu_headers_version() -> c_int {
    unsafe { distance_headers_version() }
}

/// The version of CUDA's runtime library.
#[no_mangle]
pub extern "C" fn levenshtein_gpu_runtime_version() -> c_int {
    unsafe { distance_runtime_version() }
}
