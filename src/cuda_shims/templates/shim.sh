#!/bin/sh
# cuda-shims shim: runs the pip-installed CUDA tool of this file's name. "cuda-shims which TOOL" says which that is.
# toolkit: none yet
#
# Search, first hit: 1. CUDA_SHIMS_TOOLKIT; 2. this file's own prefix, then that of each symbolic link that led here,
# then those of the other PATH entries (pip and PDM split one environment over two prefixes); 3. the next TOOL on PATH
# that is no shim; 4. exit 127. No fork on the way, nothing on stdout (but for ccache: _cs_exec), and the tool is exec'ed
# by its unresolved absolute path, since nvcc takes its toolkit from argv[0]. Variables begin with _cs_: one of the
# caller's would be changed.

_cs_fail() {
  printf '%s\n' "${_cs_tool} (cuda-shims): $1" >&2
  exit 127
}

# _cs_forward FILE: what is not ours may be a wrapper that comes back here (a compiler cache's): let it, but not for ever
_cs_forward() {
  _cs_depth=${_CUDA_SHIMS_DEPTH-0}
  case $_cs_depth in '' | *[!0-9]* | ???*) _cs_depth=0 ;; esac
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

# _cs_usable FILE
_cs_usable() { [ -f "$1" ] && [ -x "$1" ]; }

# _cs_is_shim FILE: looks at its first two lines; the first line of anything else ends the reading
_cs_is_shim() {
  _cs_line=
  { IFS= read -r _cs_line && [ "$_cs_line" = '#!/bin/sh' ] && IFS= read -r _cs_line; } <"$1" 2>/dev/null
  case $_cs_line in '# cuda-shims shim'*) return 0 ;; *) return 1 ;; esac
}

# _cs_owner FILE: sets _cs_uid
_cs_owner() {
  _cs_uid=
  IFS=' ' read -r _cs_line _cs_line _cs_uid _cs_line <<EOF
$(command -p ls -nd -- "$1" 2>/dev/null)
EOF
}

# _cs_trusted ROOT WHEELS: what belongs to this user, the superuser or the owner of the wheels; the first needs no fork.
# A link is whose it leads to, for -O, and anybody's
_cs_trusted() {
  [ ! -L "$1" ] || return 1
  [ -O "$1" ] && return 0
  _cs_owner "$1"
  _cs_maker=$_cs_uid
  [ "$_cs_maker" != 0 ] || return 0
  _cs_owner "$2"
  [ -n "$_cs_uid" ] && [ "$_cs_uid" = "$_cs_maker" ]
}

# _cs_fresh ROOT SITE WHEELS: sets _cs_root when a finished root serves SITE and nothing that it was made from is newer
_cs_fresh() {
  _cs_root=$1
  if [ ! -f "$_cs_root/stamp" ]; then
    [ -f "$1.root" ] && IFS= read -r _cs_root <"$1.root" && [ "$_cs_root/site" -ef "$2" ] || return 1
    case $_cs_root in /*/cuda-shims/roots/*/"${1##*/}") ;; *) return 1 ;; esac # and not a folder that all write to
  fi
  for _cs_input in "$_cs_root"/made-from-1/*; do
    [ -e "$_cs_input" ] && [ ! "$_cs_input" -nt "$_cs_root/stamp" ] || return 1
  done
  for _cs_input in "$_cs_root"/folders-1/*; do
    [ -e "$_cs_input" ] && [ ! "$_cs_input" -nt "$_cs_root/finished" ] || return 1
  done
  _cs_trusted "$_cs_root" "$3"
}

# _cs_split SITE: likewise among CUDA 12's components; compute-sanitizer, of mode 0644 there, is run by the root alone
_cs_split() {
  for _cs_wheel in "$1"/nvidia/cuda_*; do
    [ -n "$_cs_home" ] || [ ! -d "$_cs_wheel" ] || _cs_12=$1
    [ -f "$_cs_wheel/bin/$_cs_tool" ] || continue
    for _cs_input in "$1/nvidia_${_cs_wheel##*/}"_cu12-*.dist-info; do
      [ -d "$_cs_input" ] || continue
      _cs_found=$_cs_wheel/bin/$_cs_tool _cs_stale=yes _cs_best=12
      _cs_fresh "$1/cuda_shims_toolkit/cu12" "$1" "$1/nvidia" && _cs_usable "$_cs_root/bin/$_cs_tool" || return
      _cs_found=$_cs_root/bin/$_cs_tool _cs_stale=
      return
    done
  done
}

# _cs_look SITE: sets _cs_found to the tool in a site-packages directory, _cs_stale when no fresh root has it
_cs_look() {
  _cs_found= _cs_stale= _cs_home= _cs_best=-1
  for _cs_wheel in "$1"/nvidia/cu[0-9]*; do
    _cs_major=${_cs_wheel##*/cu}
    case $_cs_major in *[!0-9]* | ????* | 0*) continue ;; esac
    case $_cs_want in '' | "$_cs_major") ;; *) continue ;; esac
    [ "$_cs_major" -gt "$_cs_best" ] || continue
    if _cs_fresh "$1/cuda_shims_toolkit/cu$_cs_major" "$1" "$_cs_wheel"; then
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
  case $_cs_found$_cs_want in '' | 12) _cs_split "$1" ;; esac
  [ -n "$_cs_found" ]
}

# _cs_prefix PREFIX
_cs_prefix() {
  for _cs_lib in "$1"/lib/python3* "$1"/lib64/python3* "$1/Lib" "$1"/lib/pypy3*; do
    case $_cs_lib in */python3.1) continue ;; esac # a link of conda's
    for _cs_kind in site-packages dist-packages; do
      _cs_site=$_cs_lib/$_cs_kind
      [ -d "$_cs_site/nvidia" ] && _cs_look "$_cs_site" && return 0
    done
  done
  _cs_site=$1
  [ -d "$_cs_site/nvidia" ] && _cs_look "$_cs_site"
}

_cs_ifs=$IFS
_cs_self=$0
_cs_tool=${0##*/}
case $_cs_self in
  */*) ;;
  # "sh nvcc": the shell looked in the current directory first
  *) [ -f "$_cs_self" ] && _cs_self=./$_cs_self || _cs_self=$(command -v -- "$_cs_tool") || _cs_self=./$_cs_tool ;;
esac
case $_cs_self in
  /*) ;;
  *) _cs_self=$PWD/$_cs_self ;;
esac

_cs_want= _cs_chosen= _cs_12= _cs_locked=
case ${CUDA_SHIMS_TOOLKIT-} in
  '') _cs_chosen=${CUDA_SHIMS_FORWARD-} ;; # set by the start-up hook: the toolkit that the user's CUDA_HOME names
  /*) _cs_chosen=$CUDA_SHIMS_TOOLKIT ;;
  *[!0-9]*) _cs_fail "CUDA_SHIMS_TOOLKIT=$CUDA_SHIMS_TOOLKIT is neither a CUDA major (13) nor the absolute path of a toolkit root" ;;
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
  _cs_tool=${_cs_link##*/}
  _cs_bin=${_cs_link%/*}
  while :; do
    case $_cs_bin in */. | *?/) _cs_bin=${_cs_bin%/*} ;; *) break ;; esac
  done
  case ${_cs_bin##*/} in
    '' | ..) _cs_up=$_cs_bin/.. ;;
    *) _cs_up=${_cs_bin%/*} ;;
  esac
  # by its name, then by where that leads: either can be the link
  if _cs_prefix "$_cs_up" || _cs_prefix "$_cs_bin/.."; then
    # a missing or stale root: this environment's own python makes it, once; without it the wheels' own folder serves
    if [ -n "$_cs_stale" ] && [ -x "$_cs_bin/python" ] && [ -w "$_cs_site" ]; then
      _cs_made=$({ CUDA_SHIMS_TOOLKIT=$_cs_best "$_cs_bin/python" -I -m cuda_shims root </dev/null; } 2>/dev/null)
      _cs_look "$_cs_site"
      # an installer has changed a wheel since: what was made serves, as it does in a process that made it itself
      case $_cs_stale$_cs_made in
        yes"$_cs_site/cuda_shims_toolkit/cu"*)
          _cs_usable "$_cs_made/bin/$_cs_tool" && _cs_found=$_cs_made/bin/$_cs_tool
          ;;
      esac
    fi
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

set -f
IFS=:
for _cs_dir in $PATH; do
  set +f
  IFS=$_cs_ifs
  _cs_dir=${_cs_dir%/}
  case $_cs_dir in
    /*/bin | /*/Scripts) _cs_prefix "${_cs_dir%/*}" && _cs_usable "$_cs_found" && _cs_exec "$_cs_found" "$@" ;;
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
fi

[ -z "$_cs_locked" ] || _cs_fail "$_cs_locked is not executable, as its wheel has it; a toolkit root runs it: cuda-shims root"
for _cs_input in "$_cs_12"/nvidia_cuda_*_cu12-*.dist-info; do
  [ -d "$_cs_input" ] || _cs_12= # the folders are those of CUDA 11, or of none
done
_cs_missing='not installed in this environment nor elsewhere on PATH'
case $(command -p uname -s 2>/dev/null) in
  Darwin) _cs_fail "$_cs_missing; NVIDIA has no CUDA wheels for macOS, they are for Linux and Windows: build there" ;;
esac
_cs_extra=$_cs_tool _cs_major=13
case ${_cs_12:+yes}$_cs_tool in
  yescompute-sanitizer) _cs_major=12 _cs_12= _cs_extra=sanitizer ;;
  compute-sanitizer) _cs_extra=sanitizer ;;
  yesptxas) _cs_major=12 _cs_12= _cs_extra=nvcc ;;
  *tileirdisasm) _cs_extra=tileiras ;;
  *nvcc | *ptxas | *fatbinary | *nvlink | *bin2c | *cudafe++ | *cicc) _cs_extra= ;; # other extras are named as the tool
esac
_cs_get="it is in: pip install \"cuda-toolkit[$_cs_extra]==$_cs_major.*\""
[ -n "$_cs_extra" ] || _cs_get='nvidia-cuda-nvcc holds it: pip install "cuda-shims[cu13]"'
[ -z "$_cs_12" ] || _cs_fail "CUDA 12 is installed here, and NVIDIA publishes no $_cs_tool on PyPI before CUDA 13; $_cs_get, or name a CUDA 12 of this machine's: CUDA_SHIMS_TOOLKIT=/its/folder"
[ -z "$_cs_want" ] || _cs_fail "CUDA_SHIMS_TOOLKIT=$_cs_want: no pip-installed toolkit of that major has it here"
_cs_fail "$_cs_missing; $_cs_get"
