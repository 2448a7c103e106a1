/*
 * Stands in for Visual Studio's cl.exe, link.exe and lib.exe, which one by its own file name, so that nvcc.exe and CMake
 * have a host compiler under wine. Each is one of ziglang's: clang-cl, lld-link, llvm-lib. A program that it links lacks
 * the C runtime and cannot run; what nvcc compiles for the device is what it would be with Microsoft's.
 *
 * ZIG_EXE: zig.exe. MSVC_HEADERS: the folder of the stand-in C headers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#define VERSION L"19.44.35211"

static const wchar_t *after_program(const wchar_t *line) {
  int quoted = 0;
  for (; *line && (quoted || (*line != ' ' && *line != '\t')); line++)
    if (*line == '"') quoted = !quoted;
  return line;
}

int wmain(int count, wchar_t **words) {
  static wchar_t self[4096], line[32768];
  const wchar_t *zig = _wgetenv(L"ZIG_EXE"), *headers = _wgetenv(L"MSVC_HEADERS"), *name;
  const wchar_t *arguments = after_program(GetCommandLineW());
  STARTUPINFOW info = {.cb = sizeof info};
  PROCESS_INFORMATION process;
  DWORD code = 98;
  (void)words;
  GetModuleFileNameW(NULL, self, 4095);
  name = wcsrchr(self, '\\') + 1;
  if (!zig || !headers) {
    fputs("stand-in: ZIG_EXE or MSVC_HEADERS is not set\n", stderr);
    return 99;
  }
  if (!_wcsicmp(name, L"link.exe"))
    _snwprintf(line, 32767, L"\"%ls\" lld-link%ls /nodefaultlib /force /entry:main /subsystem:console", zig, arguments);
  else if (!_wcsicmp(name, L"lib.exe"))
    _snwprintf(line, 32767, L"\"%ls\" lib%ls", zig, arguments);
  else if (count == 1) {
    fwprintf(stderr, L"Microsoft (R) C/C++ Optimizing Compiler Version " VERSION L" for x64\n\nusage: cl [ option... ]\n");
    return 0;
  } else
    _snwprintf(line, 32767,
               L"\"%ls\" clang --driver-mode=cl --target=x86_64-pc-windows-msvc -fms-compatibility-version=" VERSION
               L" -U__clang__ -w /clang:-fkeep-persistent-storage-variables -X -imsvc \"%ls\"%ls",
               zig, headers, arguments);
  if (!CreateProcessW(zig, line, 0, 0, TRUE, 0, 0, 0, &info, &process)) {
    fprintf(stderr, "stand-in: cannot start zig (%lu)\n", GetLastError());
    return 98;
  }
  WaitForSingleObject(process.hProcess, INFINITE);
  GetExitCodeProcess(process.hProcess, &code);
  return (int)code;
}
