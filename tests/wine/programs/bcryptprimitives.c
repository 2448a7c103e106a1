/* wine 8 lacks bcryptprimitives.dll, from which every program in Rust (uv.exe) takes its random numbers. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID to, ULONG size);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T size) {
  while (size) {
    ULONG part = size > 0x10000 ? 0x10000 : (ULONG)size;
    if (!SystemFunction036(to, part)) return FALSE;
    to += part;
    size -= part;
  }
  return TRUE;
}
