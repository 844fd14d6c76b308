#compdef flowsh

autoload -U is-at-least

_flowsh() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'()-e+[Evaluate CODE and print its value]:CODE:_default' \
'()--eval=[Evaluate CODE and print its value]:CODE:_default' \
'--netns=[Network namespace, by its name in /run/netns or by a pid]:NAME|PID:_default' \
'(--netns)--from=[Read flows from FILE instead of the kernel\: what conntrack, the kernel'\''s file in /proc/net, or flowsh printed; - is standard input]:FILE:_default' \
'--labelmap=[Names of labels from FILE, in place of this machine'\''s connlabel.conf]:FILE:_default' \
'-o+[Output format\: table, wide, json, ndjson, csv, xml, or conntrack\[,extended,id,…\]]:FORMAT:_default' \
'--output=[Output format\: table, wide, json, ndjson, csv, xml, or conntrack\[,extended,id,…\]]:FORMAT:_default' \
'--journal=[Append to FILE what it takes to undo every delete and update, before it is made\: \`undo("FILE")\` puts it back]:FILE:_default' \
'*--allow-exec=[Let the script run programs, or only these]::PROG:_default' \
'*--allow-read=[Let the script read files, or only below these paths]::PATH:_default' \
'*--allow-write=[Let the script write files, or only below these paths]::PATH:_default' \
'--color=[Colour in the output]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set"
always\:"Always"
never\:"Never"))' \
'--skip-bad[Pass over what cannot be read in FILE, and say how much]' \
'--read-only[Refuse every change]' \
'(--read-only)--dry-run[Count changes instead of making them]' \
'--yes[Change more than 100 flows without a question, also on a terminal]' \
'--require-match[Exit with 5 if a change matched nothing]' \
'-q[No notes on standard error]' \
'--quiet[No notes on standard error]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'-V[Print version]' \
'--version[Print version]' \
'::script -- Script to run (- for standard input), and its arguments, which it finds in `args`:_default' \
":: :_flowsh_commands" \
"*::: :->flowsh" \
&& ret=0
    case $state in
    (flowsh)
        words=($line[2] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:flowsh-command-$line[2]:"
        case $line[2] in
            (sandbox)
_arguments "${_arguments_options[@]}" : \
'()-e+[Evaluate CODE and print its value]:CODE:_default' \
'()--eval=[Evaluate CODE and print its value]:CODE:_default' \
'--netns=[Network namespace, by its name in /run/netns or by a pid]:NAME|PID:_default' \
'(--netns)--from=[Read flows from FILE instead of the kernel\: what conntrack, the kernel'\''s file in /proc/net, or flowsh printed; - is standard input]:FILE:_default' \
'--labelmap=[Names of labels from FILE, in place of this machine'\''s connlabel.conf]:FILE:_default' \
'-o+[Output format\: table, wide, json, ndjson, csv, xml, or conntrack\[,extended,id,…\]]:FORMAT:_default' \
'--output=[Output format\: table, wide, json, ndjson, csv, xml, or conntrack\[,extended,id,…\]]:FORMAT:_default' \
'--journal=[Append to FILE what it takes to undo every delete and update, before it is made\: \`undo("FILE")\` puts it back]:FILE:_default' \
'*--allow-exec=[Let the script run programs, or only these]::PROG:_default' \
'*--allow-read=[Let the script read files, or only below these paths]::PATH:_default' \
'*--allow-write=[Let the script write files, or only below these paths]::PATH:_default' \
'--color=[Colour in the output]:WHEN:((auto\:"On a terminal, unless NO_COLOR is set"
always\:"Always"
never\:"Never"))' \
'--demo[Fill the sandbox with traffic\: states, NAT, marks, labels, zones, an FTP expectation]' \
'--skip-bad[Pass over what cannot be read in FILE, and say how much]' \
'--read-only[Refuse every change]' \
'(--read-only)--dry-run[Count changes instead of making them]' \
'--yes[Change more than 100 flows without a question, also on a terminal]' \
'--require-match[Exit with 5 if a change matched nothing]' \
'-q[No notes on standard error]' \
'--quiet[No notes on standard error]' \
'-h[Print help (see more with '\''--help'\'')]' \
'--help[Print help (see more with '\''--help'\'')]' \
'*::script -- Script to run (- for standard input), and its arguments, which it finds in `args`:_default' \
&& ret=0
;;
(conntrack)
_arguments "${_arguments_options[@]}" : \
'*::words -- What conntrack takes; `--script` first prints the script that does the same:_default' \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
'*::files -- The scripts; - for standard input:_default' \
&& ret=0
;;
(doc)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
':shell -- The shell:(bash elvish fish powershell zsh)' \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
'-h[Print help]' \
'--help[Print help]' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
":: :_flowsh__subcmd__help_commands" \
"*::: :->help" \
&& ret=0

    case $state in
    (help)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:flowsh-help-command-$line[1]:"
        case $line[1] in
            (sandbox)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(conntrack)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(check)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(doc)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(man)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
&& ret=0
;;
        esac
    ;;
esac
;;
        esac
    ;;
esac
}

(( $+functions[_flowsh_commands] )) ||
_flowsh_commands() {
    local commands; commands=(
'sandbox:Run in a private user and network namespace on the real kernel; no root needed. What is run may be \`conntrack ARGS\` too' \
'conntrack:The command line of conntrack(8)\: same options, output and exit status' \
'check:Compile scripts, and read the filters in them, without running them' \
'doc:Print the reference of the language, as Markdown' \
'completions:Print completions for a shell' \
'man:Print the man page' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'flowsh commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__check_commands] )) ||
_flowsh__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh check commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__completions_commands] )) ||
_flowsh__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh completions commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__conntrack_commands] )) ||
_flowsh__subcmd__conntrack_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh conntrack commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__doc_commands] )) ||
_flowsh__subcmd__doc_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh doc commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__help_commands] )) ||
_flowsh__subcmd__help_commands() {
    local commands; commands=(
'sandbox:Run in a private user and network namespace on the real kernel; no root needed. What is run may be \`conntrack ARGS\` too' \
'conntrack:The command line of conntrack(8)\: same options, output and exit status' \
'check:Compile scripts, and read the filters in them, without running them' \
'doc:Print the reference of the language, as Markdown' \
'completions:Print completions for a shell' \
'man:Print the man page' \
'help:Print this message or the help of the given subcommand(s)' \
    )
    _describe -t commands 'flowsh help commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__help__subcmd__check_commands] )) ||
_flowsh__subcmd__help__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh help check commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__help__subcmd__completions_commands] )) ||
_flowsh__subcmd__help__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh help completions commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__help__subcmd__conntrack_commands] )) ||
_flowsh__subcmd__help__subcmd__conntrack_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh help conntrack commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__help__subcmd__doc_commands] )) ||
_flowsh__subcmd__help__subcmd__doc_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh help doc commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__help__subcmd__help_commands] )) ||
_flowsh__subcmd__help__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh help help commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__help__subcmd__man_commands] )) ||
_flowsh__subcmd__help__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh help man commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__help__subcmd__sandbox_commands] )) ||
_flowsh__subcmd__help__subcmd__sandbox_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh help sandbox commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__man_commands] )) ||
_flowsh__subcmd__man_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh man commands' commands "$@"
}
(( $+functions[_flowsh__subcmd__sandbox_commands] )) ||
_flowsh__subcmd__sandbox_commands() {
    local commands; commands=()
    _describe -t commands 'flowsh sandbox commands' commands "$@"
}

if [ "$funcstack[1]" = "_flowsh" ]; then
    _flowsh "$@"
else
    compdef _flowsh flowsh
fi
