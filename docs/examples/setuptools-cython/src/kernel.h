#pragma once

// Replaces count values of the host by the means of those at most radius away. Returns a cudaError_t.
int blur_values(float *values, int count, int radius);
const char *blur_error(int status);
