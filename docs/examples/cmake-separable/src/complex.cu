#include "complex.cuh"

__device__ void square_and_add(float &x, float &y, float add_x, float add_y) {
  const float old_x = x;
  x = old_x * old_x - y * y + add_x;
  y = 2.0f * old_x * y + add_y;
}

__device__ float squared_length(float x, float y) { return x * x + y * y; }
