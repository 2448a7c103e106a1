#!/bin/sh
# cuda-shims shim: runs the pip-installed CUDA tool of this file's name. "cuda-shims which TOOL" says which that is.
# toolkit: none yet
#
# Search, first hit: 1. CUDA_SHIMS_TOOLKIT; 2. what CUDA_HOME and its like name, unless CUDA_SHIMS_PREFER=wheels; 3. this
# file's own prefix, then that of each symbolic link that led here, then those of the other PATH entries (pip and PDM
# split one environment over two prefixes); 4. the next TOOL on PATH that is not a shim; 5. exit 127. That is the table of
# _cuda_shims/selection.py, but for pyproject.toml. No fork on the way to a fresh root beside its wheels, nothing on
# stdout (but for ccache: _cs_exec), and the tool is exec'ed by its unresolved absolute path, since nvcc takes its toolkit
# from argv[0]. Variables begin with _cs_: one of the caller's would be changed.
#
# A shell parses as it reads, which takes longer than all that is done here. So what comes first is enough where nothing
# was chosen and the prefix of this file has a fresh root; exec then ends the reading.

set +efu # what an exported SHELLOPTS has set

# _cs_usable FILE
_cs_usable() { [ -f "$1" ] && [ -x "$1" ]; }

# _cs_fresh ROOT SITE WHEELS: a finished root with its compiler, and nothing that it was made from is newer
_cs_fresh() {
  _cs_stamp=$1/made-from-3
  [ -f "$_cs_stamp" ] || return 1
  for _cs_input in "$1" "$1/bin" "$1/lib" "$3" "$3/bin" "$3/include" "$3/lib" "$3/nvvm"; do
    [ ! "$_cs_input" -nt "$_cs_stamp" ] || return 1
  done
  while IFS= read -r _cs_line; do
    case $_cs_line in
      /*) ;;
      !*)
        _cs_line=${_cs_line#!}
        case $_cs_line in /*) ;; *) _cs_line=$2/$_cs_line ;; esac
        [ ! -e "$_cs_line" ] || return 1
        continue
        ;;
      *) _cs_line=$2/$_cs_line ;;
    esac
    [ -e "$_cs_line" ] && [ ! "$_cs_line" -nt "$_cs_stamp" ] || return 1
  done 2>/dev/null <"$_cs_stamp" || return 1
  case ${1##*/} in cu12 | cu12-*) return 0 ;; esac
  [ "$1/bin/nvcc" -ef "$3/bin/nvcc" ] && return 0
  # a hard link outlives the file that an installer has replaced; a copied environment has a copy of the same time
  [ -e "$1/bin/nvcc" ] && [ -e "$3/bin/nvcc" ] && [ ! "$1/bin/nvcc" -nt "$3/bin/nvcc" ] &&
    [ ! "$1/bin/nvcc" -ot "$3/bin/nvcc" ]
}

# _cs_trusted ROOT SITE WHEELS: a link to a folder beside it. That and the folder that both are in belong to this user, which
# needs no fork to tell, to the superuser or to whose the wheels are. A link to elsewhere is whose it leads to, and anybody's
_cs_trusted() {
  for _cs_version in "${1%/*}/.${1##*/}"-*; do
    [ "$_cs_version" -ef "$1" ] && [ ! -L "$_cs_version" ] || continue
    [ -O "$_cs_version" ] && [ -O "${1%/*}" ] && [ ! -L "${1%/*}" ] && return 0
    [ -n "$_cs_second" ] && _cs_of_owner "$_cs_version" "$2" "$3" && _cs_of_owner "${1%/*}" "$2" "$3"
    return
  done
  return 1
}

# _cs_ready SITE WHEELS MAJOR: sets _cs_root to the fresh root of a toolkit
_cs_ready() {
  _cs_root=$1/cuda_shims_toolkit/cu$3
  case $1 in
    *[!A-Za-z0-9/._-]*) ;; # it depends: _cs_plain
    *) _cs_fresh "$_cs_root" "$1" "$2" && _cs_trusted "$_cs_root" "$1" "$2" && return 0 ;;
  esac
  [ -n "$_cs_second" ] && _cs_elsewhere "$1" "$2" "$3"
}

# _cs_look SITE: sets _cs_found to the tool in a site-packages directory, _cs_stale when no fresh root has it
_cs_look() {
  _cs_found= _cs_stale= _cs_home= _cs_best=-1
  for _cs_wheel in "$1"/nvidia/cu[0-9]*; do
    _cs_major=${_cs_wheel##*/cu}
    case $_cs_major in *[!0-9]* | ????* | 0*) continue ;; esac
    case $_cs_want in '' | "$_cs_major") ;; *) continue ;; esac
    [ "$_cs_major" -gt "$_cs_best" ] || continue
    if _cs_ready "$1" "$_cs_wheel" "$_cs_major"; then
      _cs_home=$_cs_root _cs_old=
    else
      _cs_home=$_cs_wheel _cs_old=yes
    fi
    for _cs_file in "$_cs_home/bin/$_cs_tool" "$_cs_home/nvvm/bin/$_cs_tool"; do
      if _cs_usable "$_cs_file"; then
        _cs_found=$_cs_file _cs_stale=$_cs_old _cs_best=$_cs_major
        break
      fi
    done
  done
  case $_cs_second$_cs_found$_cs_want in yes | yes12) _cs_split "$1" ;; esac
  [ -n "$_cs_found" ]
}

# _cs_prefix PREFIX
_cs_prefix() {
  _cs_prefix=$1
  for _cs_kind in lib/python3 lib64/python3 Lib lib/pypy3; do # not all at once: each is a folder to read
    for _cs_lib in "$1/$_cs_kind"*; do
      case $_cs_lib in */python3.1) continue ;; esac # a link of conda's
      for _cs_site in "$_cs_lib/site-packages" "$_cs_lib/dist-packages"; do
        [ -d "$_cs_site/nvidia" ] && _cs_look "$_cs_site" && return 0
      done
    done
  done
  _cs_site=$1
  [ -d "$_cs_site/nvidia" ] && _cs_look "$_cs_site"
}

# _cs_overlay LIB: sets _cs_python to that of the environment that "uv run --with" lays over others
_cs_overlay() {
  _cs_python=
  case $PATH in
    /*/bin:*) [ -f "${PATH%%/bin:*}/$1/site-packages/_uv_ephemeral_overlay.pth" ] && _cs_python=${PATH%%/bin:*}/bin/python ;;
    *) return 1 ;;
  esac
}

# _cs_config PREFIX: sets _cs_home to the base of a virtual environment, and _cs_base to nothing if its Python passes that by
_cs_config() {
  _cs_home=$1 _cs_base=yes
  [ -f "$1/pyvenv.cfg" ] || return
  while IFS= read -r _cs_line; do
    case $_cs_line in
      'home = '*) _cs_home=${_cs_line#home = } _cs_home=${_cs_home%/bin} ;;
      'include-system-site-packages = true') break ;;
      'include-system-site-packages = '*) _cs_base= && break ;;
    esac
  done 2>/dev/null <"$1/pyvenv.cfg"
}

# _cs_others PREFIX SITE MAJOR: whether this environment's Python looks in other directories that have wheels of that
# major (PYTHONPATH, the base of --system-site-packages and of the user site, that site itself, what "uv run --with" lays
# over a project, the other half of a build environment). They form one toolkit with these, which Python puts together
_cs_others() {
  _cs_line=${2%/*} _cs_wheels=$2/nvidia/cu$3 _cs_major=$3 _cs_over=
  _cs_name=${_cs_line##*/} _cs_lib=lib/${_cs_line##*/}
  _cs_config "$1" || [ -x "$1/bin/$_cs_name" ] || _cs_home= # that of the interpreter on PATH
  case $2 in *-build-env-*) _cs_over=yes ;; esac
  _cs_overlay "$_cs_lib" && _cs_over=yes
  set -f
  IFS=:
  set -- ${PYTHONPATH-}
  if [ -n "$_cs_over" ] || [ -z "$_cs_home" ]; then
    for _cs_dir in $PATH; do
      case $_cs_dir in /*/bin) ;; *) continue ;; esac
      [ -z "$_cs_over" ] || set -- "$@" "${_cs_dir%/bin}/$_cs_lib/site-packages"
      [ -n "$_cs_home" ] || [ ! -x "$_cs_dir/$_cs_name" ] || _cs_home=${_cs_dir%/bin}
    done
  fi
  set +f
  IFS=$_cs_ifs
  [ -z "$_cs_base" ] || set -- "$@" "$_cs_home/$_cs_lib/site-packages" "$_cs_home/$_cs_lib/dist-packages" \
    "$_cs_home/lib/python3/dist-packages" "$_cs_home/local/$_cs_lib/dist-packages" \
    "${PYTHONUSERBASE:-${HOME-}/.local}/$_cs_lib/site-packages"
  for _cs_dir; do
    [ ! "$_cs_dir/nvidia/cu$_cs_major" -ef "$_cs_wheels" ] || continue
    [ -d "$_cs_dir/nvidia/cu$_cs_major" ] && return 0
    [ -d "$_cs_dir/nvidia/mathdx" ] || [ -d "$_cs_dir/cutensor" ] || [ -d "$_cs_dir/cuquantum" ] && return 0
    for _cs_input in "$_cs_dir"/nvidia_*_cu"$_cs_major"-*.dist-info; do # of companions, cuDNN say
      [ ! -d "$_cs_input" ] || return 0
    done
  done
  return 1
}

# _cs_at FILE: sets _cs_found to the tool of a shim's own environment, _cs_stale when Python has to put its root together
_cs_at() {
  _cs_tool=${1##*/} _cs_bin=${1%/*}
  while :; do
    case $_cs_bin in */. | *?/) _cs_bin=${_cs_bin%/*} ;; *) break ;; esac
  done
  case ${_cs_bin##*/} in
    '' | ..) _cs_up=$_cs_bin/.. ;;
    *) _cs_up=${_cs_bin%/*} ;;
  esac
  # by its name, then by where that leads: either can be the link
  _cs_prefix "$_cs_up" || _cs_prefix "$_cs_bin/.." || return 1
  ! _cs_others "$_cs_prefix" "$_cs_site" "$_cs_best" || _cs_stale=yes
}

_cs_ifs=$IFS _cs_self=$0 _cs_tool=${0##*/} _cs_want= _cs_second=
case $_cs_self in
  */*) ;;
  # "sh nvcc": the shell looked in the current directory first
  *) [ -f "$_cs_self" ] && _cs_self=./$_cs_self || _cs_self=$(command -v -- "$_cs_tool") || _cs_self=./$_cs_tool ;;
esac
case $_cs_self in
  /*) ;;
  *) _cs_self=$PWD/$_cs_self ;;
esac

case ${CUDA_SHIMS_TOOLKIT-}${CUDA_SHIMS_FORWARD-}${CUDA_HOME-}${CUDA_PATH-}${CUDAToolkit_ROOT-}${CUDACXX-}${NVCC-}${CCACHE_DISABLE-} in
  '') _cs_at "$_cs_self" && [ -z "$_cs_stale" ] && exec "$_cs_found" "$@" ;;
esac

# the second part --------------------------------------------------------------------------------------------------------

_cs_second=yes

_cs_fail() {
  printf '%s\n' "${_cs_tool} (cuda-shims): $1" >&2
  exit 127
}

# _cs_forward FILE: what is not ours may be a wrapper that comes back here (a compiler cache's): let it, but not for ever
_cs_forward() {
  _cs_depth=${_CUDA_SHIMS_DEPTH-0}
  case $_cs_depth in '' | *[!0-9]* | ??*) _cs_depth=0 ;; esac
  [ "$_cs_depth" -lt 8 ] || _cs_fail "$1 and this shim call each other; take one of them off PATH, or install the toolkit: pip install \"cuda-shims[cu13]\""
  _CUDA_SHIMS_DEPTH=$((_cs_depth + 1))
  export _CUDA_SHIMS_DEPTH
  _cs_site=
}

# _cs_exec FILE ARG...: ccache takes this script for the compiler, and reads it before it runs: an upgrade of the toolkit,
# or a variable that names another, has not changed it then. So where ccache (it sets CCACHE_DISABLE) asks for the
# preprocessor's output, a line there says which toolkit that is of. It names no file: headers alone, which two releases
# may have in common, then never make a hit without a run of this script
_cs_exec() {
  _cs_out= _cs_last= _cs_traced=
  if [ -n "${CCACHE_DISABLE-}" ]; then
    for _cs_word in "$@"; do
      [ "$_cs_last" != -o ] || _cs_out=$_cs_word
      [ "$_cs_word" != -E ] || _cs_traced=yes
      _cs_last=$_cs_word
    done
  fi
  [ -n "$_cs_traced" ] || exec "$@"
  "$@" || exit
  _cs_traced=
  for _cs_input in "$_cs_site"/nvidia_cuda_nvcc-*.dist-info "$_cs_site"/nvidia_nvvm-*.dist-info; do
    [ ! -d "$_cs_input" ] || _cs_traced="$_cs_traced ${_cs_input##*/}"
  done
  # what no wheel holds is known by its size and time
  [ -n "$_cs_traced" ] || _cs_traced=$(command -p ls -ldLn -- "$1" 2>/dev/null)
  _cs_traced="# 1 \"$1/$_cs_traced\""
  if [ -n "$_cs_out" ]; then printf '%s\n' "$_cs_traced" >>"$_cs_out"; else printf '%s\n' "$_cs_traced"; fi
  exit
}

# _cs_is_shim FILE: looks at its first two lines; the first line of anything else ends the reading
_cs_is_shim() {
  _cs_line=
  { IFS= read -r _cs_line && [ "$_cs_line" = '#!/bin/sh' ] && IFS= read -r _cs_line; } 2>/dev/null <"$1"
  case $_cs_line in '# cuda-shims shim'*) return 0 ;; *) return 1 ;; esac
}

# _cs_owner FILE: sets _cs_uid
_cs_owner() {
  _cs_uid=
  IFS=' ' read -r _cs_line _cs_line _cs_uid _cs_line <<EOF
$(command -p ls -nd -- "$1" 2>/dev/null)
EOF
}

# _cs_of_owner FILE SITE WHEELS: it belongs to this user, the superuser or to whose the wheels are
_cs_of_owner() {
  [ -O "$1" ] && [ ! -L "$1" ] && return 0
  _cs_owner "$1"
  _cs_maker=$_cs_uid
  case $_cs_maker in 0) return 0 ;; '') return 1 ;; esac
  _cs_owner "$3/."
  [ "$_cs_uid" != "$_cs_maker" ] || return 0
  _cs_owner "$2/."
  [ "$_cs_uid" = "$_cs_maker" ]
}

# _cs_private ROOT LIMIT: nobody but this user and the superuser can put another in its place, looked at up to LIMIT. A
# group of the user's own has the user's number
_cs_private() {
  _cs_limit=$2 _cs_dir=${1%/*} _cs_me=
  set -- "$_cs_limit/."
  while [ "$_cs_dir" != "$_cs_limit" ]; do
    [ -n "$_cs_dir" ] || return 1
    set -- "$@" "$_cs_dir"
    _cs_dir=${_cs_dir%/*}
  done
  while IFS=' ' read -r _cs_mode _cs_line _cs_uid _cs_gid _cs_line; do
    if [ -z "$_cs_me" ]; then
      _cs_me=$_cs_mode
      continue
    fi
    case $_cs_uid in 0 | "$_cs_me") ;; *) return 1 ;; esac
    case $_cs_mode in
      d????[!w]??[!w]*) ;;
      d???????[!w]*) [ "$_cs_gid" = "$_cs_uid" ] || return 1 ;;
      *) return 1 ;;
    esac
    [ "$#" != 0 ] || return 1
    shift
  done <<EOF
$(command -p id -u; command -p ls -ldn -- "$@" 2>/dev/null)
EOF
  [ "$#" = 0 ] # each was there
}

# _cs_plain PATH: build tools cope with it; CMake cannot link below a path with a space
_cs_plain() {
  case $1 in *[][:space:]!\"#\$\&\'\(\)*:\;\<\>?[\\^\`{\|}]*) return 1 ;; esac
}

# _cs_key SITE: sets _cs_key to the folder of its roots in a cache; each run of other letters is one "_"
_cs_key() {
  _cs_key= _cs_rest=$1
  while :; do
    _cs_line=${_cs_rest%%[!ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._+@%,=~-]*}
    _cs_key=$_cs_key$_cs_line
    [ "$_cs_line" != "$_cs_rest" ] || return 0
    _cs_key=${_cs_key}_ _cs_rest=${_cs_rest#"$_cs_line"}
    while :; do
      case $_cs_rest in
        [!ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._+@%,=~-]*) _cs_rest=${_cs_rest#?} ;;
        *) break ;;
      esac
    done
  done
}

# _cs_cached SITE WHEELS MAJOR CACHE LIMIT: sets _cs_root to a root in a cache. Hosts that share it may have other wheels
# at the same path: these made it when it names as many distributions as there are. One that names others is of these and
# of another directory's
_cs_cached() {
  for _cs_root in "$4/roots$_cs_key/cu$3"-*; do
    _cs_fresh "$_cs_root" "$1" "$2" || continue
    _cs_count=0
    while IFS= read -r _cs_line; do
      case $_cs_line in
        /*/nvidia*.dist-info) continue 2 ;;
        nvidia*.dist-info) _cs_count=$((_cs_count + 1)) ;;
      esac
    done 2>/dev/null <"$_cs_root/made-from-3"
    for _cs_input in "$1"/nvidia*.dist-info; do
      [ ! -e "$_cs_input" ] || _cs_count=$((_cs_count - 1))
    done
    [ "$_cs_count" = 0 ] && _cs_trusted "$_cs_root" "$1" "$2" && _cs_private "$_cs_root" "$5" && return 0
  done
  return 1
}

# _cs_caches SITE WHEELS MAJOR: likewise in all of them for which _cs_tell says yes
_cs_caches() {
  case ${XDG_CACHE_HOME-} in
    /*) _cs_cache=${XDG_CACHE_HOME%/} ;;
    *) case ${HOME-} in /*) _cs_cache=${HOME%/}/.cache ;; *) _cs_cache= ;; esac ;;
  esac
  [ -n "$_cs_cache" ] && "$_cs_tell" "$_cs_cache" && _cs_cached "$1" "$2" "$3" "$_cs_cache/cuda-shims" "$_cs_cache" && return 0
  case ${TMPDIR-} in /*) _cs_cache=${TMPDIR%/} ;; *) _cs_cache= ;; esac
  [ -d "$_cs_cache" ] || _cs_cache=/tmp
  for _cs_own in "$_cs_cache"/cuda-shims-*; do
    [ -O "$_cs_own" ] && [ ! -L "$_cs_own" ] && "$_cs_tell" "$_cs_own" && _cs_cached "$1" "$2" "$3" "$_cs_own" "$_cs_own" &&
      return 0
  done
  return 1
}

# _cs_elsewhere SITE WHEELS MAJOR: likewise wherever it lies; below a path that build tools do not cope with last
_cs_elsewhere() {
  _cs_key "$1"
  for _cs_tell in _cs_plain :; do
    _cs_root=$1/cuda_shims_toolkit/cu$3
    "$_cs_tell" "$_cs_root" && _cs_fresh "$_cs_root" "$1" "$2" && _cs_trusted "$_cs_root" "$1" "$2" && return 0
    _cs_caches "$1" "$2" "$3" && return 0
  done
  return 1
}

# _cs_split SITE: likewise among CUDA 12's components; compute-sanitizer, of mode 0644 there, is run by the root alone
_cs_split() {
  for _cs_wheel in "$1"/nvidia/cuda_*; do
    [ -n "$_cs_home" ] || [ ! -d "$_cs_wheel" ] || _cs_12=$1
    [ -f "$_cs_wheel/bin/$_cs_tool" ] || continue
    for _cs_input in "$1/nvidia_${_cs_wheel##*/}"_cu12-*.dist-info; do
      [ -d "$_cs_input" ] || continue
      _cs_found=$_cs_wheel/bin/$_cs_tool _cs_stale=yes _cs_best=12
      _cs_ready "$1" "$1/nvidia" 12 && _cs_usable "$_cs_root/bin/$_cs_tool" || return
      _cs_found=$_cs_root/bin/$_cs_tool _cs_stale=
      return
    done
  done
}

# _cs_ask: lets this environment's own Python make the root, and sets _cs_found to the tool in it
_cs_ask() {
  case $_cs_site in
    */python3*/*-packages | */pypy3*/*-packages) _cs_name=${_cs_site%/*} _cs_name=${_cs_name##*/} ;;
    *) _cs_name=python3 ;;
  esac
  if ! _cs_overlay "lib/$_cs_name"; then
    for _cs_python in "$_cs_bin/python" "$_cs_bin/$_cs_name" "$(command -v -- "$_cs_name")"; do
      case $_cs_python in /*) [ ! -x "$_cs_python" ] || break ;; esac
      _cs_python=
    done
  fi
  [ -n "$_cs_python" ] || return 0
  # not in the current directory, which -c searches first: before this runs, Python 3.13 imports linecache
  _cs_made=$({ cd / && CUDA_SHIMS_TOOLKIT=$_cs_best "$_cs_python" -c 'import sys
sys.path[:] = [each for each in sys.path if each]
try:
    from cuda_shims.cli import main
except ImportError:  # a prefix that this Python does not look in
    sys.path.append(sys.argv[1])
    from cuda_shims.cli import main
raise SystemExit(main(["root"]))' "$_cs_site" </dev/null; } 2>/dev/null)
  for _cs_file in "$_cs_made/bin/$_cs_tool" "$_cs_made/nvvm/bin/$_cs_tool"; do
    case $_cs_file in /*/*/bin/*) _cs_usable "$_cs_file" && _cs_found=$_cs_file && return 0 ;; esac
  done
}

# _cs_beyond: lets the Python beside this shim look, once, where that has no wheels in its own prefix
_cs_beyond() {
  [ -z "$_cs_asked" ] && [ -x "$_cs_bin/python" ] || return 1
  _cs_asked=yes _cs_best=$_cs_want _cs_found=
  _cs_ask
  [ -n "$_cs_found" ] && ! _cs_is_shim "$_cs_found" # as nvcc is in a root of CUDA 12
}

# _cs_named: sets _cs_chosen to the toolkit that the user's own variables name: the first of their compilers that is not
# ours, by CUDA_SHIMS_ROOT or as a root in this file's own prefix. A command may stand before and behind it
_cs_named() {
  _cs_line=${_cs_self%/*}
  for _cs_input in "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" "${CUDA_PATH:+$CUDA_PATH/bin/nvcc}" \
    "${CUDAToolkit_ROOT:+$CUDAToolkit_ROOT/bin/nvcc}" "${CUDACXX-}" "${NVCC-}"; do
    case $_cs_input in
      *\ /*/nvcc | *\ /*/nvcc\ * | /*/nvcc\ *)
        set -f
        for _cs_input in $_cs_input; do
          case $_cs_input in /*/nvcc) break ;; esac
        done
        set +f
        ;;
    esac
    case $_cs_input in
      "${CUDA_SHIMS_ROOT:-none}/bin/nvcc" | "${_cs_line%/*}"/*/cuda_shims_toolkit/cu*) ;;
      /*/bin/nvcc)
        [ -d "${_cs_input%/bin/nvcc}" ] || continue # a toolkit that is gone
        _cs_chosen=${_cs_input%/*} _cs_chosen=${_cs_chosen%/*}
        return
        ;;
    esac
  done
}

_cs_chosen= _cs_12= _cs_locked= _cs_asked= _cs_asker=CUDA_SHIMS_TOOLKIT
case ${CUDA_SHIMS_TOOLKIT-} in
  '')
    # set by the start-up hook: the toolkit that a Python selected which has started this, or a major that its project
    # asks for
    case ${CUDA_SHIMS_FORWARD-} in
      /*) _cs_chosen=$CUDA_SHIMS_FORWARD ;;
      '' | *[!0-9]*) [ "${CUDA_SHIMS_PREFER-}" = wheels ] || _cs_named ;;
      *) _cs_want=$CUDA_SHIMS_FORWARD _cs_asker='[tool.cuda-shims] toolkit' ;;
    esac
    ;;
  /*) _cs_chosen=$CUDA_SHIMS_TOOLKIT ;;
  *[!0-9]*) _cs_fail "CUDA_SHIMS_TOOLKIT=$CUDA_SHIMS_TOOLKIT is neither a CUDA major (13) nor the absolute path of a toolkit root; correct or unset it" ;;
  *) _cs_want=$CUDA_SHIMS_TOOLKIT ;;
esac
if [ -n "$_cs_chosen" ]; then
  for _cs_file in "$_cs_chosen/bin/$_cs_tool" "$_cs_chosen/nvvm/bin/$_cs_tool"; do
    if _cs_usable "$_cs_file" && ! _cs_is_shim "$_cs_file"; then
      _cs_forward "$_cs_file"
      _cs_exec "$_cs_file" "$@"
    fi
  done
  [ -z "${CUDA_SHIMS_TOOLKIT-}" ] || _cs_fail "CUDA_SHIMS_TOOLKIT=$_cs_chosen holds no such tool; unset it, or name a toolkit root"
fi

_cs_link=$_cs_self _cs_hops=0
while :; do
  if _cs_at "$_cs_link"; then
    [ -z "$_cs_stale" ] || _cs_ask
    _cs_usable "$_cs_found" && _cs_exec "$_cs_found" "$@"
    _cs_locked=$_cs_found
  fi
  [ -L "$_cs_link" ] && [ "$_cs_hops" -lt 20 ] || break
  _cs_target=$(command -p readlink -- "$_cs_link") || break
  case $_cs_target in
    /*) _cs_link=$_cs_target ;;
    *) _cs_link=$_cs_bin/$_cs_target ;;
  esac
  _cs_hops=$((_cs_hops + 1))
done
_cs_config "$_cs_up"
[ -n "${PYTHONPATH-}$_cs_base" ] && _cs_beyond && _cs_exec "$_cs_found" "$@"

set -f
IFS=:
for _cs_dir in $PATH; do
  set +f
  IFS=$_cs_ifs
  _cs_dir=${_cs_dir%/}
  case $_cs_dir in
    /*/bin | /*/Scripts)
      if _cs_prefix "${_cs_dir%/*}"; then
        [ -z "$_cs_stale" ] || _cs_ask
        _cs_usable "$_cs_found" && _cs_exec "$_cs_found" "$@"
      fi
      ;;
  esac
done

set +f
IFS=$_cs_ifs
if [ -z "$_cs_want" ]; then
  set -f
  IFS=:
  for _cs_dir in $PATH; do
    set +f
    IFS=$_cs_ifs
    case $_cs_dir in /*) ;; *) continue ;; esac
    _cs_file=${_cs_dir%/}/$_cs_tool
    _cs_usable "$_cs_file" || continue
    [ "$_cs_file" -ef "$_cs_self" ] && continue
    _cs_is_shim "$_cs_file" && continue
    _cs_forward "$_cs_file"
    _cs_exec "$_cs_file" "$@"
  done
  set +f
  IFS=$_cs_ifs
fi

_cs_beyond && _cs_exec "$_cs_found" "$@" # what a .pth file adds is not known before
[ -z "$_cs_locked" ] || _cs_fail "$_cs_locked is not executable, as its wheel has it; a toolkit root runs it: cuda-shims root"
for _cs_input in "$_cs_12"/nvidia_cuda_*_cu12-*.dist-info; do
  [ -d "$_cs_input" ] || _cs_12= # the folders are those of CUDA 11, or of none
done
_cs_missing='not installed in this environment nor elsewhere on PATH'
# advice: what scripts/build/advice.py writes from the catalog
_cs_macos="NVIDIA has no CUDA wheels for macOS; they are for Linux on x86_64 and aarch64, and for Windows on AMD64 and ARM64: build on such a machine, or in a container there"
case ${_cs_12:+12-}$_cs_tool in
  12-nvcc | 12-fatbinary | 12-nvlink | 12-bin2c | 12-cudafe++) _cs_get="NVIDIA publishes no $_cs_tool on PyPI before CUDA 13.0; nvidia-cuda-nvcc holds it; pip install \"cuda-shims[cu13]\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder" ;;
  12-ptxas) _cs_get="nvidia-cuda-nvcc-cu12 holds it; run: pip install \"cuda-toolkit[nvcc]==12.*\"" ;;
  12-cicc) _cs_get="NVIDIA publishes no $_cs_tool on PyPI before CUDA 13.0; nvidia-nvvm holds it; pip install \"cuda-shims[cu13]\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder" ;;
  12-cuobjdump) _cs_get="NVIDIA publishes no $_cs_tool on PyPI before CUDA 13.2; nvidia-cuda-cuobjdump holds it (since CUDA 13.2); pip install \"cuda-toolkit[cuobjdump]==13.*\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder" ;;
  12-nvdisasm) _cs_get="NVIDIA publishes no $_cs_tool on PyPI before CUDA 13.2; nvidia-cuda-nvdisasm holds it (since CUDA 13.2); pip install \"cuda-toolkit[nvdisasm]==13.*\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder" ;;
  12-compute-sanitizer) _cs_get="nvidia-cuda-sanitizer-api-cu12 holds it (since CUDA 12.9); run: pip install \"cuda-toolkit[sanitizer]==12.*\"" ;;
  12-tileiras) _cs_get="NVIDIA publishes no $_cs_tool on PyPI before CUDA 13.1; nvidia-cuda-tileiras holds it (since CUDA 13.1); pip install \"cuda-toolkit[tileiras]==13.*\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder" ;;
  12-tileirdisasm) _cs_get="NVIDIA publishes no $_cs_tool on PyPI before CUDA 13.4; nvidia-cuda-tileiras holds it (since CUDA 13.4); pip install \"cuda-toolkit[tileiras]==13.*\", or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder" ;;
  nvcc | ptxas | fatbinary | nvlink | bin2c | cudafe++) _cs_get="nvidia-cuda-nvcc holds it; run: pip install \"cuda-shims[cu13]\"" ;;
  cicc) _cs_get="nvidia-nvvm holds it; run: pip install \"cuda-shims[cu13]\"" ;;
  cuobjdump) _cs_get="nvidia-cuda-cuobjdump holds it (since CUDA 13.2); run: pip install \"cuda-toolkit[cuobjdump]==13.*\"" ;;
  nvdisasm) _cs_get="nvidia-cuda-nvdisasm holds it (since CUDA 13.2); run: pip install \"cuda-toolkit[nvdisasm]==13.*\"" ;;
  compute-sanitizer) _cs_get="nvidia-cuda-sanitizer-api holds it (since CUDA 12.9); run: pip install \"cuda-toolkit[sanitizer]==13.*\"" ;;
  tileiras) _cs_get="nvidia-cuda-tileiras holds it (since CUDA 13.1); run: pip install \"cuda-toolkit[tileiras]==13.*\"" ;;
  tileirdisasm) _cs_get="nvidia-cuda-tileiras holds it (since CUDA 13.4); run: pip install \"cuda-toolkit[tileiras]==13.*\"" ;;
  *) _cs_get="no CUDA wheel on PyPI holds a tool of that name" ;;
esac
# advice: end
case $(command -p uname -s 2>/dev/null) in
  Darwin) _cs_fail "$_cs_missing; $_cs_macos" ;;
esac
case $_cs_get in 'NVIDIA publishes no '*) _cs_fail "CUDA 12 is installed here, and $_cs_get" ;; esac
[ -z "$_cs_want" ] || _cs_fail "$_cs_asker=$_cs_want: no pip-installed toolkit of that major has it here; install one, or unset it"
_cs_fail "$_cs_missing; $_cs_get"
