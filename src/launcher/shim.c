/*
 * The Windows shim: nvcc.exe, ptxas.exe, ... in an environment's Scripts directory.
 *
 * One console program that imports kernel32 alone, the same file under every tool's name. It runs the pip-installed
 * CUDA tool of its own file name, and is what templates/shim.sh is elsewhere; "cuda-shims which TOOL" says which tool
 * that is. Search, first hit:
 *
 *   1. CUDA_SHIMS_TOOLKIT, a major or the path of a toolkit; else CUDA_SHIMS_FORWARD, which the start-up hook sets;
 *   2. what the user's own CUDA_HOME and its like name, unless CUDA_SHIMS_PREFER=wheels;
 *   3. this file's own prefix, then those of the other PATH entries (pip and PDM split one environment over two);
 *   4. the next TOOL.exe on PATH that is not a shim;
 *   5. exit 127.
 *
 * That is the table of _cuda_shims/selection.py, but for pyproject.toml.
 *
 * The tail of the command line is passed on as it came, never split and quoted anew; handles, console, environment and
 * directory are inherited; the exit code is the tool's, all 32 bits. No C runtime: its start costs more than our work,
 * and its argv would have to be quoted again.
 */
#define WIN32_LEAN_AND_MEAN
#define UNICODE
#include <windows.h>

#include "advice.h"

/* a command line and a path are at most this many characters, NUL included (UNICODE_STRING) */
#define CAP 32768
/* every shim of ours holds these bytes, and is smaller; NVIDIA's tools are larger */
#define MARK "cuda-shims shim"
#define SHIM_SIZE 65536
/* wrappers that come back here, before we say that it is a loop */
#define DEPTH_MAX 8

enum { FAILED = 126, NOT_FOUND = 127 };

/* a string that knows how long it is; its buffer has CAP characters */
typedef struct {
  WCHAR *at;
  int size;
} Text;

static Text self, tool, found;
static int want;            /* the only CUDA major to take, or 0 */
static const WCHAR *asker;  /* who wants it */
static BOOL twelve;         /* CUDA 12's wheels are there, and those of no other major */

/* the compiler may call these even in a program without a C runtime */
void *memset(void *to, int byte, size_t size) {
  volatile char *at = to;
  while (size--) *at++ = (char)byte;
  return to;
}
void *memcpy(void *to, const void *from, size_t size) {
  volatile char *at = to;
  const char *byte = from;
  while (size--) *at++ = *byte++;
  return to;
}

/* --- text --- */

static int length(const WCHAR *text) {
  int size = 0;
  while (text[size]) size++;
  return size;
}

static void *memory(size_t size) {
  void *got = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size);
  if (!got) ExitProcess(FAILED);
  return got;
}

static Text empty(void) {
  Text text = {memory(CAP * sizeof(WCHAR)), 0};
  return text;
}

static void cut(Text *text, int size) {
  text->size = size;
  text->at[size] = 0;
}

/* FALSE when it does not fit; then nothing is added */
static BOOL add_some(Text *text, const WCHAR *more, int size) {
  if (size >= CAP - text->size) return FALSE;
  memcpy(text->at + text->size, more, (size_t)size * sizeof(WCHAR));
  cut(text, text->size + size);
  return TRUE;
}

static BOOL add(Text *text, const WCHAR *more) { return add_some(text, more, length(more)); }

static BOOL is_slash(WCHAR c) { return c == '\\' || c == '/'; }

/* where the last folder's name begins, and 0 if there is none before it */
static int last_name(const Text *path) {
  int at = path->size;
  while (at > 0 && !is_slash(path->at[at - 1])) at--;
  return at;
}

static BOOL is_absolute(const WCHAR *path) {
  return (is_slash(path[0]) && is_slash(path[1])) || (path[0] && path[1] == ':' && is_slash(path[2]));
}

static BOOL begins_with(const WCHAR *text, const WCHAR *start) {
  while (*start && *start == *text) start++, text++;
  return !*start;
}

/* the CUDA major that a text is; 0 for anything else */
static int number(const WCHAR *text) {
  int value = 0, size = 0;
  for (; text[size] >= '0' && text[size] <= '9' && size < 4; size++) value = value * 10 + (text[size] - '0');
  return size <= 3 && !text[size] && text[0] != '0' ? value : 0;
}

/* FALSE when the variable is not set, empty, or longer than a variable can be */
static BOOL variable(const WCHAR *name, Text *value) {
  DWORD size = GetEnvironmentVariableW(name, value->at, CAP);
  cut(value, size < CAP ? (int)size : 0);
  return value->size > 0;
}

/* --- messages --- */

static void say(const WCHAR *text) {
  char bytes[3 * 512];
  DWORD done;
  int size, rest = length(text), part;
  for (; rest > 0; text += part, rest -= part) {
    part = rest < 512 ? rest : 512;
    size = WideCharToMultiByte(CP_UTF8, 0, text, part, bytes, sizeof bytes, NULL, NULL);
    WriteFile(GetStdHandle(STD_ERROR_HANDLE), bytes, (DWORD)size, &done, NULL);
  }
}

static void fail(UINT code, const WCHAR *what, const WCHAR *which, const WCHAR *why) {
  say(tool.at);
  say(L" (cuda-shims): ");
  say(what);
  say(which);
  say(why);
  say(L"\r\n");
  ExitProcess(code);
}

/* what the catalog says of the tool */
static const WCHAR *advise(const WCHAR *const (*row)[2]) {
  while (*(*row)[0] && lstrcmpiW(tool.at, (*row)[0])) row++;
  return (*row)[1];
}

static void fail_missing(void) {
  const WCHAR *get = advise(twelve ? advice_12 : advice);
  WCHAR major[] = {(WCHAR)('0' + want / 100), (WCHAR)('0' + want / 10 % 10), (WCHAR)('0' + want % 10), 0};
  if (begins_with(get, L"NVIDIA publishes no ")) fail(NOT_FOUND, L"CUDA 12 is installed here, and ", get, L"");
  if (want)
    fail(NOT_FOUND, asker, major + (want < 10 ? 2 : want < 100),
         L": no pip-installed toolkit of that major has it here; install one, or unset it");
  fail(NOT_FOUND, L"not installed in this environment nor elsewhere on PATH; ", get, L"");
}

/* --- the search --- */

/* whether something matches a path's pattern */
static BOOL exists(const Text *path) {
  WIN32_FIND_DATAW entry;
  HANDLE search = FindFirstFileW(path->at, &entry);
  if (search == INVALID_HANDLE_VALUE) return FALSE;
  FindClose(search);
  return TRUE;
}

static BOOL is_file(const WCHAR *path) {
  DWORD kind = GetFileAttributesW(path);
  return kind != INVALID_FILE_ATTRIBUTES && !(kind & FILE_ATTRIBUTE_DIRECTORY);
}

/* whether a file is a shim of ours, of whatever version */
static BOOL is_shim(const WCHAR *path) {
  static const char mark[] = MARK;
  char *bytes;
  DWORD size = 0, at, same;
  BOOL is = FALSE;
  LARGE_INTEGER whole;
  HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                            OPEN_EXISTING, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) return FALSE;
  if (GetFileSizeEx(file, &whole) && whole.QuadPart <= SHIM_SIZE) {
    bytes = memory(SHIM_SIZE);
    ReadFile(file, bytes, SHIM_SIZE, &size, NULL);
    for (at = 0; !is && at + sizeof mark <= size; at++) {
      for (same = 0; same < sizeof mark - 1 && bytes[at + same] == mark[same]; same++) {}
      is = same == sizeof mark - 1;
    }
    HeapFree(GetProcessHeap(), 0, bytes);
  }
  CloseHandle(file);
  return is;
}

/* the tool in a toolkit's folder; else the path is as it was */
static BOOL in_home(Text *path) {
  static const WCHAR *const folders[] = {L"\\bin\\", L"\\nvvm\\bin\\"};
  int size = path->size, each;
  for (each = 0; each < 2; each++) {
    if (add(path, folders[each]) && add(path, tool.at) && add(path, L".exe") && is_file(path->at)) return TRUE;
    cut(path, size);
  }
  return FALSE;
}

/* the highest major below `under` that a matching folder has after two letters, and that folder's name; 0: none */
static int next_folder(Text *path, const WCHAR *pattern, int under, WIN32_FIND_DATAW *entry, WCHAR *name) {
  int size = path->size, best = 0, each;
  HANDLE search = INVALID_HANDLE_VALUE;
  if (add(path, pattern)) search = FindFirstFileW(path->at, entry);
  cut(path, size);
  if (search == INVALID_HANDLE_VALUE) return 0;
  do {
    int major = number(entry->cFileName + 2);
    if (major <= best || major >= under || (want && major != want)) continue;
    best = major;
    for (each = 0; (name[each] = entry->cFileName[each]) != 0; each++) {}
  } while (FindNextFileW(search, entry));
  FindClose(search);
  return best;
}

/* whether `in` finds the tool below a folder that matches; else the path is as it was */
static BOOL in_any(Text *path, const WCHAR *pattern, const WCHAR *below, BOOL (*in)(Text *)) {
  int size = path->size;
  BOOL is = FALSE, more;
  WIN32_FIND_DATAW entry;
  HANDLE search = add(path, pattern) ? FindFirstFileW(path->at, &entry) : INVALID_HANDLE_VALUE;
  for (more = search != INVALID_HANDLE_VALUE; more && !is; more = !is && FindNextFileW(search, &entry)) {
    cut(path, size);
    is = add(path, entry.cFileName) && add(path, below) && in(path);
  }
  if (search != INVALID_HANDLE_VALUE) FindClose(search);
  if (!is) cut(path, size);
  return is;
}

/* the tool of a component of CUDA 12; the folders of CUDA 11 have the same names */
static BOOL in_component(Text *path) {
  Text info = empty();
  int name = last_name(path);
  BOOL is = add_some(&info, path->at, name - (int)(sizeof "\\nvidia\\" - 1)) && add(&info, L"\\nvidia_") &&
            add(&info, path->at + name) && add(&info, L"_cu12-*.dist-info") && exists(&info) && in_home(path);
  HeapFree(GetProcessHeap(), 0, info.at);
  return is;
}

/* the tool of a site-packages directory's newest toolkit that has it; else the path is as it was */
static BOOL in_site(Text *path) {
  int size = path->size, base, major = 1000;
  BOOL others = FALSE;
  WIN32_FIND_DATAW entry;
  WCHAR name[MAX_PATH];
  if (!add(path, L"\\nvidia\\")) return FALSE;
  base = path->size;
  while ((major = next_folder(path, L"cu*", major, &entry, name)) > 0) {
    others = TRUE;
    if (add(path, name) && in_home(path)) return TRUE;
    cut(path, base);
  }
  if ((!want || want == 12) && in_any(path, L"cuda_*", L"", in_component)) return TRUE;
  cut(path, size);
  if (!others && add(path, L"\\nvidia_cuda_*_cu12-*.dist-info") && exists(path)) twelve = TRUE;
  cut(path, size);
  return FALSE;
}

/* the tool below an environment's folder; else the path is as it was */
static BOOL in_prefix(Text *path) {
  /* a venv's, that of pip install --user, that of pip install --target */
  static const WCHAR *const folders[] = {L"\\Lib\\site-packages", L"\\site-packages", L""};
  int size = path->size, each;
  for (each = 0; each < 3; each++) {
    if (add(path, folders[each]) && in_site(path)) return TRUE;
    cut(path, size);
  }
  /* MSYS2's Python: lib\python3.12\site-packages */
  if (add(path, L"\\lib\\") && in_any(path, L"python3*", L"\\site-packages", in_site)) return TRUE;
  cut(path, size);
  return FALSE;
}

/* copies the next absolute entry of PATH, without quotes and a slash at its end; NULL after the last one */
static const WCHAR *next_entry(const WCHAR *rest, Text *entry) {
  while (*rest) {
    cut(entry, 0);
    for (; *rest && *rest != ';'; rest++)
      if (*rest != '"') add_some(entry, rest, 1);
    if (*rest) rest++;
    while (entry->size > 3 && is_slash(entry->at[entry->size - 1])) cut(entry, entry->size - 1);
    if (is_absolute(entry->at)) return rest;
  }
  return NULL;
}

/* the prefixes of other scripts directories on PATH */
static BOOL in_siblings(const WCHAR *path) {
  int name;
  while ((path = next_entry(path, &found)) != NULL) {
    name = last_name(&found);
    if (name < 3 || (lstrcmpiW(found.at + name, L"Scripts") && lstrcmpiW(found.at + name, L"bin"))) continue;
    cut(&found, name - 1);
    if (in_prefix(&found)) return TRUE;
  }
  return FALSE;
}

/* What is not ours may be a wrapper that comes back here (a compiler cache's): let it, but not for ever. */
static BOOL forward(void) {
  WCHAR depth[2] = L"0", was[3];
  DWORD size = GetEnvironmentVariableW(L"_CUDA_SHIMS_DEPTH", was, 3);
  if (is_shim(found.at)) return FALSE;
  if (size == 1 && was[0] >= '0' && was[0] <= '9') depth[0] = was[0];
  if (depth[0] >= '0' + DEPTH_MAX)
    fail(NOT_FOUND, found.at, L" and this shim call each other; take one of them off PATH,",
         L" or install the toolkit: pip install \"" BUNDLE L"\"");
  depth[0]++;
  SetEnvironmentVariableW(L"_CUDA_SHIMS_DEPTH", depth);
  return TRUE;
}

/* the next tool of that name on PATH that is not a shim: a system's toolkit, where the wheels are absent */
static BOOL on_path(const WCHAR *path) {
  while ((path = next_entry(path, &found)) != NULL)
    if (add(&found, L"\\") && add(&found, tool.at) && add(&found, L".exe") && is_file(found.at) && forward()) return TRUE;
  return FALSE;
}

/* the folder above; FALSE when there is none */
static BOOL go_up(Text *path) {
  int name = last_name(path);
  if (name > 0) cut(path, name - 1);
  return name > 0;
}

/* whether a text names the nvcc in a toolkit's bin by its path; then it is that of the toolkit */
static BOOL is_nvcc(Text *path) {
  const WCHAR *name = path->at + last_name(path);
  if (!is_absolute(path->at) || (lstrcmpiW(name, L"nvcc") && lstrcmpiW(name, L"nvcc.exe"))) return FALSE;
  return go_up(path) && !lstrcmpiW(path->at + last_name(path), L"bin") && go_up(path);
}

static BOOL is_blank(WCHAR c) { return c == ' ' || c == '\t'; }

/* The toolkit of the nvcc that a command names by its path: the command is a path, which may have blanks in it, or words
 * of which one is. FALSE when there is none; then the text is of no use. */
static BOOL nvcc_home(Text *command) {
  Text word = empty();
  BOOL words = FALSE, is;
  int at, end;
  for (at = 1; at < command->size; at++)
    if (is_blank(command->at[at - 1]) && is_absolute(command->at + at)) words = TRUE;
  if (!words && is_nvcc(command)) return TRUE;
  for (at = 0, is = FALSE; !is && at < command->size; at = end + 1) {
    for (end = at; end < command->size && !is_blank(command->at[end]); end++) {}
    cut(&word, 0);
    is = add_some(&word, command->at + at, end - at) && is_nvcc(&word);
  }
  cut(command, 0);
  return is && add(command, word.at);
}

/* whether a toolkit is one that cuda-shims has named: that of CUDA_SHIMS_ROOT, or wheels of this environment */
static BOOL is_ours(const Text *home) {
  Text path = empty(), start = empty();
  int name;
  if (variable(L"CUDA_SHIMS_ROOT", &path) && !lstrcmpiW(path.at, home->at)) return TRUE;
  cut(&path, 0);
  if (!add(&path, self.at) || !go_up(&path) || !go_up(&path) || !add(&path, L"\\")) return FALSE;
  if (home->size < path.size || !add_some(&start, home->at, path.size) || lstrcmpiW(path.at, start.at)) return FALSE;
  cut(&path, 0);
  add(&path, home->at);
  name = last_name(&path);
  if (path.size < name + 3 || !number(path.at + name + 2)) return FALSE;
  return go_up(&path) && !lstrcmpiW(path.at + last_name(&path), L"nvidia");
}

static BOOL is_folder(const Text *path) {
  DWORD kind = GetFileAttributesW(path->at);
  return kind != INVALID_FILE_ATTRIBUTES && (kind & FILE_ATTRIBUTE_DIRECTORY);
}

/* the toolkit that the user's own variables name: the first that is there and is not ours */
static BOOL named(void) {
  static const WCHAR *const names[] = {L"CUDA_HOME", L"CUDA_PATH", L"CUDAToolkit_ROOT", L"CUDACXX", L"NVCC"};
  int each;
  for (each = 0; each < 5; each++)
    if (variable(names[each], &found) && (each < 3 ? is_absolute(found.at) : nvcc_home(&found)) && is_folder(&found) &&
        !is_ours(&found))
      return TRUE;
  return FALSE;
}

/* whether a toolkit that somebody chose has the tool */
static BOOL chosen(void) {
  BOOL by_user = variable(L"CUDA_SHIMS_TOOLKIT", &found);
  asker = L"CUDA_SHIMS_TOOLKIT=";
  if (!by_user && variable(L"CUDA_SHIMS_FORWARD", &found)) asker = L"[tool.cuda-shims] toolkit=";
  if ((want = number(found.at)) != 0) return FALSE;
  if (by_user && !is_absolute(found.at))
    fail(NOT_FOUND, asker, found.at,
         L" is neither a CUDA major (" NEWEST L") nor the absolute path of a toolkit root; correct or unset it");
  if (!is_absolute(found.at)) {
    if (variable(L"CUDA_SHIMS_PREFER", &found) && !lstrcmpW(found.at, L"wheels")) return FALSE;
    if (!named()) return FALSE;
  }
  if (in_home(&found) && forward()) return TRUE;
  if (by_user) fail(NOT_FOUND, asker, found.at, L" holds no such tool; unset it, or name a toolkit root");
  return FALSE;
}

static void search(void) {
  Text path = empty();
  if (chosen()) return;
  cut(&found, 0);
  add(&found, self.at);
  if (go_up(&found) && go_up(&found) && in_prefix(&found)) return;
  variable(L"PATH", &path);
  if (in_siblings(path.at) || (!want && on_path(path.at))) return;
  fail_missing();
}

/* --- the run --- */

/* What follows argv[0], by the rule of the C runtime for argv[0]: a quote toggles, a blank outside ends it, and a
 * backslash is nothing special. */
static const WCHAR *tail(const WCHAR *line) {
  BOOL quoted = FALSE;
  for (; *line && (quoted || (*line != ' ' && *line != '\t')); line++)
    if (*line == '"') quoted = !quoted;
  return line;
}

/* Ctrl-C and Ctrl-Break reach the tool too, which is on the same console: it decides, and we stay to give its exit
 * code. A handler is not inherited; SetConsoleCtrlHandler(NULL, TRUE) would be, and the tool would never stop. */
static BOOL WINAPI on_control(DWORD kind) { return kind == CTRL_C_EVENT || kind == CTRL_BREAK_EVENT; }

/* The tool ends with us, also when we are killed; what it starts itself (cl.exe starts mspdbsrv.exe, which outlives
 * it) does not: that is what silent breakaway is for. CPython's own launcher does the same. */
static HANDLE end_with_us(void) {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
  HANDLE job = CreateJobObjectW(NULL, NULL);
  memset(&limits, 0, sizeof limits);
  limits.BasicLimitInformation.LimitFlags =
      JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
  if (job) SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
  return job;
}

static HANDLE inherited(DWORD which) {
  HANDLE handle = GetStdHandle(which);
  SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
  return handle;
}

static DWORD run(void) {
  STARTUPINFOW info;
  PROCESS_INFORMATION process;
  HANDLE job = end_with_us();
  DWORD code = FAILED;
  Text line = empty();
  if (!add(&line, L"\"") || !add(&line, found.at) || !add(&line, L"\"") || !add(&line, tail(GetCommandLineW())))
    fail(FAILED, L"the command line is longer than Windows allows (32,767 characters) with ", found.at,
         L" before it; put options into a file: nvcc --options-file FILE");
  SetConsoleCtrlHandler(on_control, TRUE);
  GetStartupInfoW(&info); /* with lpReserved2, by which a C runtime hands on open files */
  info.cb = sizeof info;
  info.lpReserved = NULL;
  info.dwFlags |= STARTF_USESTDHANDLES;
  info.hStdInput = inherited(STD_INPUT_HANDLE);
  info.hStdOutput = inherited(STD_OUTPUT_HANDLE);
  info.hStdError = inherited(STD_ERROR_HANDLE);
  if (!CreateProcessW(found.at, line.at, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &info, &process))
    fail(FAILED, L"Windows does not start ", found.at, L"; run it by that path to see why");
  if (job) AssignProcessToJobObject(job, process.hProcess); /* refused within an old job that does not nest: no matter */
  ResumeThread(process.hThread);
  CloseHandle(process.hThread);
  WaitForSingleObject(process.hProcess, INFINITE);
  GetExitCodeProcess(process.hProcess, &code);
  return code;
}

void __stdcall start(void) {
  int name;
  self = empty();
  tool = empty();
  found = empty();
  self.size = (int)GetModuleFileNameW(NULL, self.at, CAP);
  if (self.size <= 0 || self.size >= CAP) ExitProcess(FAILED);
  name = last_name(&self);
  add(&tool, self.at + name);
  if (tool.size > 4 && !lstrcmpiW(tool.at + tool.size - 4, L".exe")) cut(&tool, tool.size - 4);
  search();
  if (!lstrcmpiW(found.at, self.at)) fail(NOT_FOUND, L"would run itself: ", found.at, L"");
  ExitProcess(run());
}
