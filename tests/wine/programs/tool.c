/*
 * Stands in for a CUDA tool: says what reached it, or does what its first argument asks for.
 *
 * Prints each argument in UTF-8, ended by a NUL.
 */
#define UNICODE
#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static volatile LONG asked_to_stop;

static BOOL WINAPI on_control(DWORD kind) {
  (void)kind;
  asked_to_stop = 1;
  return TRUE;
}

static void print(const wchar_t *text) {
  int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
  char *bytes = malloc((size_t)size);
  WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL);
  fwrite(bytes, 1, (size_t)size - 1, stdout);
  free(bytes);
}

/* starts itself as a program that is to outlive it, as cl.exe starts mspdbsrv.exe, and prints its process number */
static int start_server(void) {
  static wchar_t line[32768];
  STARTUPINFOW info = {sizeof info};
  PROCESS_INFORMATION process;
  wchar_t self[MAX_PATH];
  GetModuleFileNameW(NULL, self, MAX_PATH);
  swprintf(line, 32768, L"\"%ls\" --sleep 20000 quietly", self);
  if (!CreateProcessW(self, line, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL, &info, &process)) return 1;
  printf("%lu\n", process.dwProcessId);
  fflush(stdout);
  Sleep(20000);
  return 0;
}

int wmain(int count, wchar_t **words) {
  const wchar_t *ask = count > 1 ? words[1] : L"", *more = count > 2 ? words[2] : L"";
  int each;
  _setmode(0, _O_BINARY);
  _setmode(1, _O_BINARY);
  if (!wcscmp(ask, L"--exit")) ExitProcess((UINT)wcstoul(more, NULL, 0));
  if (!wcscmp(ask, L"--server")) return start_server();
  if (!wcscmp(ask, L"--cat")) {
    static char bytes[65536];
    size_t size;
    while ((size = fread(bytes, 1, sizeof bytes, stdin)) > 0) fwrite(bytes, 1, size, stdout);
    return 0;
  }
  if (!wcscmp(ask, L"--both")) {
    fprintf(stderr, "to stderr");
    printf("to stdout");
    return 3;
  }
  if (!wcscmp(ask, L"--variable")) {
    print(_wgetenv(more) ? _wgetenv(more) : L"(not set)");
    return 0;
  }
  if (!wcscmp(ask, L"--directory") || !wcscmp(ask, L"--self") || !wcscmp(ask, L"--line")) {
    static wchar_t text[32768];
    if (ask[2] == 'd') GetCurrentDirectoryW(32768, text);
    if (ask[2] == 's') GetModuleFileNameW(NULL, text, 32768);
    print(ask[2] == 'l' ? GetCommandLineW() : text);
    return 0;
  }
  if (!wcscmp(ask, L"--sleep")) {
    if (count < 4) printf("%lu\n", GetCurrentProcessId());
    fflush(stdout);
    Sleep(wcstoul(more, NULL, 0));
    return 7;
  }
  if (!wcscmp(ask, L"--until-control")) {
    SetConsoleCtrlHandler(on_control, TRUE);
    printf("waiting\n");
    fflush(stdout);
    for (each = 0; each < 150 && !asked_to_stop; each++) Sleep(100);
    Sleep(500); /* cleaning up takes time: who does not wait for it says so by its exit code */
    printf("cleaned-up\n"); /* no blank: wine's console moves the cursor over it */
    return asked_to_stop ? 5 : 6;
  }
  for (each = 1; each < count; each++) {
    print(words[each]);
    putchar(0);
  }
  return 0;
}
