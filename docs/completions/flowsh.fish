# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_flowsh_global_optspecs
    string join \n e/eval= netns= from= skip-bad labelmap= o/output= read-only dry-run yes journal= require-match allow-exec= allow-read= allow-write= color= q/quiet h/help V/version
end

function __fish_flowsh_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_flowsh_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_flowsh_using_subcommand
    set -l cmd (__fish_flowsh_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c flowsh -n "__fish_flowsh_needs_command" -s e -l eval -d 'Evaluate CODE and print its value' -r
complete -c flowsh -n "__fish_flowsh_needs_command" -l netns -d 'Network namespace, by its name in /run/netns or by a pid' -r
complete -c flowsh -n "__fish_flowsh_needs_command" -l from -d 'Read flows from FILE instead of the kernel: what conntrack, the kernel\'s file in /proc/net, or flowsh printed; - is standard input' -r
complete -c flowsh -n "__fish_flowsh_needs_command" -l labelmap -d 'Names of labels from FILE, in place of this machine\'s connlabel.conf' -r
complete -c flowsh -n "__fish_flowsh_needs_command" -s o -l output -d 'Output format: table, wide, json, ndjson, csv, xml, or conntrack[,extended,id,…]' -r
complete -c flowsh -n "__fish_flowsh_needs_command" -l journal -d 'Append to FILE what it takes to undo every delete and update, before it is made: `undo("FILE")` puts it back' -r
complete -c flowsh -n "__fish_flowsh_needs_command" -l allow-exec -d 'Let the script run programs, or only these' -r
complete -c flowsh -n "__fish_flowsh_needs_command" -l allow-read -d 'Let the script read files, or only below these paths' -r
complete -c flowsh -n "__fish_flowsh_needs_command" -l allow-write -d 'Let the script write files, or only below these paths' -r
complete -c flowsh -n "__fish_flowsh_needs_command" -l color -d 'Colour in the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c flowsh -n "__fish_flowsh_needs_command" -l skip-bad -d 'Pass over what cannot be read in FILE, and say how much'
complete -c flowsh -n "__fish_flowsh_needs_command" -l read-only -d 'Refuse every change'
complete -c flowsh -n "__fish_flowsh_needs_command" -l dry-run -d 'Count changes instead of making them'
complete -c flowsh -n "__fish_flowsh_needs_command" -l yes -d 'Change more than 100 flows without a question, also on a terminal'
complete -c flowsh -n "__fish_flowsh_needs_command" -l require-match -d 'Exit with 5 if a change matched nothing'
complete -c flowsh -n "__fish_flowsh_needs_command" -s q -l quiet -d 'No notes on standard error'
complete -c flowsh -n "__fish_flowsh_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c flowsh -n "__fish_flowsh_needs_command" -s V -l version -d 'Print version'
complete -c flowsh -n "__fish_flowsh_needs_command" -a "sandbox" -d 'Run in a private user and network namespace on the real kernel; no root needed. What is run may be `conntrack ARGS` too'
complete -c flowsh -n "__fish_flowsh_needs_command" -a "conntrack" -d 'The command line of conntrack(8): same options, output and exit status'
complete -c flowsh -n "__fish_flowsh_needs_command" -a "check" -d 'Compile scripts, and read the filters in them, without running them'
complete -c flowsh -n "__fish_flowsh_needs_command" -a "doc" -d 'Print the reference of the language, as Markdown'
complete -c flowsh -n "__fish_flowsh_needs_command" -a "completions" -d 'Print completions for a shell'
complete -c flowsh -n "__fish_flowsh_needs_command" -a "man" -d 'Print the man page'
complete -c flowsh -n "__fish_flowsh_needs_command" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -s e -l eval -d 'Evaluate CODE and print its value' -r
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l netns -d 'Network namespace, by its name in /run/netns or by a pid' -r
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l from -d 'Read flows from FILE instead of the kernel: what conntrack, the kernel\'s file in /proc/net, or flowsh printed; - is standard input' -r
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l labelmap -d 'Names of labels from FILE, in place of this machine\'s connlabel.conf' -r
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -s o -l output -d 'Output format: table, wide, json, ndjson, csv, xml, or conntrack[,extended,id,…]' -r
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l journal -d 'Append to FILE what it takes to undo every delete and update, before it is made: `undo("FILE")` puts it back' -r
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l allow-exec -d 'Let the script run programs, or only these' -r
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l allow-read -d 'Let the script read files, or only below these paths' -r
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l allow-write -d 'Let the script write files, or only below these paths' -r
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l color -d 'Colour in the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l demo -d 'Fill the sandbox with traffic: states, NAT, marks, labels, zones, an FTP expectation'
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l skip-bad -d 'Pass over what cannot be read in FILE, and say how much'
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l read-only -d 'Refuse every change'
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l dry-run -d 'Count changes instead of making them'
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l yes -d 'Change more than 100 flows without a question, also on a terminal'
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -l require-match -d 'Exit with 5 if a change matched nothing'
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -s q -l quiet -d 'No notes on standard error'
complete -c flowsh -n "__fish_flowsh_using_subcommand sandbox" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c flowsh -n "__fish_flowsh_using_subcommand check" -s h -l help -d 'Print help'
complete -c flowsh -n "__fish_flowsh_using_subcommand doc" -s h -l help -d 'Print help'
complete -c flowsh -n "__fish_flowsh_using_subcommand completions" -s h -l help -d 'Print help'
complete -c flowsh -n "__fish_flowsh_using_subcommand man" -s h -l help -d 'Print help'
complete -c flowsh -n "__fish_flowsh_using_subcommand help; and not __fish_seen_subcommand_from sandbox conntrack check doc completions man help" -f -a "sandbox" -d 'Run in a private user and network namespace on the real kernel; no root needed. What is run may be `conntrack ARGS` too'
complete -c flowsh -n "__fish_flowsh_using_subcommand help; and not __fish_seen_subcommand_from sandbox conntrack check doc completions man help" -f -a "conntrack" -d 'The command line of conntrack(8): same options, output and exit status'
complete -c flowsh -n "__fish_flowsh_using_subcommand help; and not __fish_seen_subcommand_from sandbox conntrack check doc completions man help" -f -a "check" -d 'Compile scripts, and read the filters in them, without running them'
complete -c flowsh -n "__fish_flowsh_using_subcommand help; and not __fish_seen_subcommand_from sandbox conntrack check doc completions man help" -f -a "doc" -d 'Print the reference of the language, as Markdown'
complete -c flowsh -n "__fish_flowsh_using_subcommand help; and not __fish_seen_subcommand_from sandbox conntrack check doc completions man help" -f -a "completions" -d 'Print completions for a shell'
complete -c flowsh -n "__fish_flowsh_using_subcommand help; and not __fish_seen_subcommand_from sandbox conntrack check doc completions man help" -f -a "man" -d 'Print the man page'
complete -c flowsh -n "__fish_flowsh_using_subcommand help; and not __fish_seen_subcommand_from sandbox conntrack check doc completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
