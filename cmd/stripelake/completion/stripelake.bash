# Completion of stripelake for bash: put this into ~/.bashrc:
#   source <(stripelake completion bash)
# or its output into a file of bash-completion. It works without that package, and in
# bash 3.2, which completes no file names here.
_stripelake() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} words word prefix kind value rest
  program=${program/#\~/$HOME}
  # bash splits words at = and :, and this program does not.
  read -r -a words <<<"${COMP_LINE:0:COMP_POINT}"
  [[ ${COMP_LINE:COMP_POINT-1:1} == [[:space:]] ]] && words+=("")
  word=${words[${#words[@]}-1]}
  [[ $current == [=:] ]] && current=
  prefix=${word%"$current"}
  COMPREPLY=()
  while IFS=$'\t' read -r value rest; do
    if [[ -z $kind ]]; then
      kind=$value
    else
      COMPREPLY+=("${value#"$prefix"}")
    fi
  done < <("$program" __complete "=$word" "${words[@]:1:${#words[@]}-2}" 2>/dev/null)
  case $kind in
    files) compopt -o default 2>/dev/null ;;
    dirs) compopt -o dirnames 2>/dev/null ;;
  esac
}
complete -F _stripelake stripelake
