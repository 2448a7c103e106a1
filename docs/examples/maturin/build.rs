// Compiles the kernel with the cc crate, which takes the nvcc that NVCC names or PATH has, and links the static runtime.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=cuda/distance.cu");
    println!("cargo:rerun-if-env-changed=CUDAARCHS");
    println!("cargo:rerun-if-env-changed=CUDA_HOME");

    let mut build = cc::Build::new();
    build.cuda(true).flag("-std=c++17").file("cuda/distance.cu");
    match env::var("CUDAARCHS") {
        Ok(wanted) => {
            for arch in wanted.split(';') {
                build.flag("-gencode");
                build.flag(&format!("arch=compute_{arch},code=sm_{arch}"));
            }
        }
        Err(_) => {
            build.flag("-arch=all-major");
        }
    }
    build.compile("distance");

    // what the runtime itself needs, and the folder where projects look that do not know the cc crate's
    if let Ok(home) = env::var("CUDA_HOME").or_else(|_| env::var("CUDA_PATH")) {
        println!("cargo:rustc-link-search=native={home}/lib64");
        // without it, what is in target/ is taken for new when the toolkit in that folder is another one
        println!("cargo:rerun-if-changed={home}/version.json");
    }
    for library in ["stdc++", "rt", "pthread", "dl"] {
        println!("cargo:rustc-link-lib=dylib={library}");
    }
}
