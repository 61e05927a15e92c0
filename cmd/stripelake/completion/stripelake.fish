# Completion of stripelake for fish:
#   stripelake completion fish > ~/.config/fish/completions/stripelake.fish
function __stripelake_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete "=$current" $words[2..-1] 2>/dev/null)
    set -l option (string match -r -- '^--[^=]*=' "$current")
    set -l path (string replace -r -- '^--[^=]*=' '' "$current")
    switch "$lines[1]"
        case files
            printf "$option%s\n" (__fish_complete_path "$path")
        case dirs
            printf "$option%s\n" (__fish_complete_directories "$path" '')
        case words
            printf '%s\n' $lines[2..-1]
    end
end
complete -c stripelake -e
complete -c stripelake -f -k -a '(__stripelake_complete)'
