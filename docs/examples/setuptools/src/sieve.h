#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* flags: limit bytes of the host; that of each number becomes 1 if it is prime, else 0. Returns a cudaError_t. */
int primes_sieve(uint8_t *flags, int limit);
void primes_versions(int *headers, int *runtime);
const char *primes_error(int status);

#ifdef __cplusplus
}
#endif
