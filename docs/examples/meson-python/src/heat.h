#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Cools count values of the host for some steps, both ends held at 0. Returns a cudaError_t. */
int heat_simulate(float *values, int count, int steps);
void heat_versions(int *headers, int *runtime);
const char *heat_error(int status);

#ifdef __cplusplus
}
#endif
