#pragma once

// Defined in complex.cu: each call from another file is resolved by the device linker.
__device__ void square_and_add(float &x, float &y, float add_x, float add_y);
__device__ float squared_length(float x, float y);
