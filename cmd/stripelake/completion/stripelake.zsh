#compdef stripelake
# Completion of stripelake for zsh: put this into ~/.zshrc, after compinit:
#   source <(stripelake completion zsh)
# or its output into a file _stripelake in a folder of $fpath.
_stripelake() {
  local -a lines values
  local kind line value
  lines=("${(@f)$(${(Q)~words[1]} __complete "=${(Q)PREFIX}" "${(@Q)words[2,CURRENT-1]}" 2>/dev/null)}")
  kind=$lines[1]
  shift lines
  case $kind in
    files) compset -P '--*='; _files ;;
    dirs) compset -P '--*='; _files -/ ;;
    words)
      for line in $lines; do
        value=${line%%$'\t'*}
        values+=("${value//:/\\:}:${line#*$'\t'}")
      done
      _describe -V stripelake values ;;
  esac
}
if [[ $funcstack[1] == _stripelake ]]; then
  _stripelake "$@"
else
  compdef _stripelake stripelake
fi
