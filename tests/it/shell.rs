//! The shell as a person sees it: the program in a terminal (tmux), keys pressed, the screen read.
//! What a line evaluates to in general is tested elsewhere; here it is what the prompt makes of it.

use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the screen may take to show what it must.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(50);

/// A terminal with flowsh in a sandbox.
struct Terminal {
    /// Holds the socket of a tmux server that is nobody else's, and flowsh's history.
    dir: PathBuf,
}

impl Terminal {
    /// Starts `flowsh sandbox ARGS` for the test `name`, unless kernel tests are to be skipped.
    fn open(name: &str, args: &str) -> Option<Self> {
        if std::env::var("FLOWSH_SKIP_KERNEL").is_ok_and(|value| value == "1") {
            eprintln!("SKIPPED, as FLOWSH_SKIP_KERNEL=1 says: {name}");
            return None;
        }
        // The path of a socket must be short, so it does not lie where cargo builds.
        let dir = std::env::temp_dir().join(format!("flowsh-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let terminal = Self { dir };
        terminal.start(args);
        Some(terminal)
    }

    /// Starts flowsh, and waits until it can be typed at.
    #[track_caller]
    fn start(&self, args: &str) {
        let flowsh = env!("CARGO_BIN_EXE_flowsh");
        let dir = self.dir.display();
        // When flowsh has ended, its status is shown, and Enter starts it again.
        let command = format!(
            "export XDG_STATE_HOME='{dir}'; \
             while '{flowsh}' sandbox {args}; echo \"status $?\"; do read again; done"
        );
        self.tmux(&["new-session", "-d", "-x", "100", "-y", "50", &command]);
        self.see_last("flowsh>");
    }

    fn server(&self) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.args(["-u", "-f", "/dev/null", "-S"]).arg(self.dir.join("tmux")).env_remove("TMUX");
        tmux
    }

    #[track_caller]
    fn tmux(&self, args: &[&str]) -> String {
        let output = self.server().args(args).output();
        let output = output.unwrap_or_else(|error| panic!("cannot run tmux: {error}"));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "tmux {}: {error}", args.join(" "));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Types text.
    fn keys(&self, text: &str) {
        // A semicolon at the end would be tmux's own.
        let text = text.strip_suffix(';').map_or(text.to_owned(), |text| format!("{text}\\;"));
        self.tmux(&["send-keys", "-l", "--", &text]);
    }

    /// Presses a key that has a name.
    fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Types a line.
    fn line(&self, text: &str) {
        self.keys(text);
        self.press("Enter");
    }

    /// The screen, without blanks at the ends.
    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-J"]).trim_end().to_owned()
    }

    /// The screen once it shows `wanted`.
    #[track_caller]
    fn see(&self, wanted: &str) -> String {
        self.see_that(wanted, |screen| screen.contains(wanted))
    }

    /// The screen once its last line is `wanted`.
    #[track_caller]
    fn see_last(&self, wanted: &str) -> String {
        self.see_that(wanted, |screen| {
            screen.lines().next_back().is_some_and(|last| last.trim_end() == wanted)
        })
    }

    #[track_caller]
    fn see_that(&self, wanted: &str, shows: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if shows(&screen) {
                return screen;
            }
            assert!(Instant::now() < until, "no `{wanted}` on the screen:\n{screen}");
            sleep(GLANCE);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.server().arg("kill-server").output());
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

#[test]
fn the_banner_says_where_one_is() {
    let Some(terminal) = Terminal::open("banner", "--read-only") else { return };
    let screen = terminal.screen();
    let version = env!("CARGO_PKG_VERSION");
    assert!(screen.starts_with(&format!("flowsh {version} · sandbox")), "{screen}");
    assert!(screen.contains("· read-only ·"), "{screen}");
}

#[test]
fn a_block_may_span_lines() {
    let Some(terminal) = Terminal::open("lines", "-q") else { return };
    terminal.line("for i in 0..2 {");
    terminal.line("  print(40 + i);");
    terminal.line("}");
    let screen = terminal.see("41\nflowsh>");
    assert_eq!(screen, "flowsh> for i in 0..2 {\n  print(40 + i);\n}\n40\n41\nflowsh>");
}

#[test]
fn what_is_pasted_is_one_input_and_what_is_typed_ahead_is_not_lost() {
    let Some(terminal) = Terminal::open("paste", "-q") else { return };
    terminal.tmux(&["set-buffer", "fn twice(x) {\n\n  2 * x\n}\ntwice(21)"]);
    terminal.tmux(&["paste-buffer", "-p"]);
    terminal.see("twice(21)");
    terminal.press("Enter");
    terminal.see("\n42\n");
    terminal.tmux(&["set-buffer", "let a = 50;\nlet b = 3;\na + b\n"]);
    terminal.tmux(&["paste-buffer"]);
    terminal.see("\n53\n");
}

#[test]
fn ctrl_c_stops_what_runs_and_not_the_shell() {
    let Some(terminal) = Terminal::open("interrupt", "-q") else { return };
    terminal.line("print(40 + 1); [1].map(|x| loop {})");
    terminal.see_last("41");
    terminal.press("C-c");
    terminal.see("\ninterrupted\n");
    terminal.line("6 * 7");
    terminal.see("\n42\n");
}

#[test]
fn ctrl_c_at_the_prompt_clears_the_line() {
    let Some(terminal) = Terminal::open("clear", "-q") else { return };
    terminal.keys("throw 1");
    terminal.see_last("flowsh> throw 1");
    terminal.press("C-c");
    terminal.see_last("flowsh>");
    terminal.line("6 * 7");
    let screen = terminal.see("\n42\n");
    assert!(!screen.contains("error"), "{screen}");
}

#[test]
fn ctrl_c_stops_a_handler_that_does_not_end() {
    let Some(terminal) = Terminal::open("handler", "-q") else { return };
    terminal.line("after(10.ms, || { print(40 + 1); loop {} })");
    terminal.see("\n41\n");
    terminal.press("C-c");
    terminal.see("flowsh> \nflowsh>");
    terminal.line("6 * 7");
    terminal.see("\n42\n");
}

#[test]
fn an_underscore_is_the_last_value_that_there_was() {
    let Some(terminal) = Terminal::open("last", "-q") else { return };
    terminal.line("6 * 7");
    terminal.see("\n42\n");
    terminal.line("let other = 1;");
    terminal.line("switch other { 2 => 3, _ => _ + 1 }");
    terminal.see("\n43\n");
}

#[test]
fn a_long_result_shows_its_beginning_and_how_long_it_is() {
    let Some(terminal) = Terminal::open("footer", "-q --demo") else { return };
    terminal.line("flows");
    let screen = terminal.see(" in all)");
    let rows: Vec<&str> = screen.lines().collect();
    let footer = rows.iter().position(|line| line.starts_with("… ")).unwrap();
    // The prompt with the query, the header, twenty rows.
    assert_eq!(footer, 22, "{screen}");
    let numbers: Vec<u32> =
        rows[footer].split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    assert!(matches!(numbers.as_slice(), [more, all] if more + 20 == *all), "{screen}");
}

#[test]
fn events_are_followed_as_long_as_they_come() {
    let Some(terminal) = Terminal::open("follow", "-q --demo") else { return };
    // More than a result shows of its rows.
    terminal.line("flows.events(\"new\").take(23)");
    terminal.see("take(23)\ntime");
    terminal.see_last("flowsh>");
    let screen = terminal.see("take(23)\ntime");
    assert_eq!(screen.lines().filter(|line| line.contains("Z  new ")).count(), 23, "{screen}");
}

#[test]
fn the_mode_is_the_format_of_results() {
    let Some(terminal) = Terminal::open("mode", "-q") else { return };
    terminal.line(":mode");
    terminal.see("\ntable\n");
    terminal.line(":mode json");
    terminal.line("#{ a: 40 + 2 }");
    terminal.see("\n{\"a\":42}\n");
    terminal.line(":mdoe csv");
    terminal.see("error: there is no command `:mdoe`\nhint: did you mean `:mode`?\n");
}

#[test]
fn tab_completes_names_and_lists_them() {
    let Some(terminal) = Terminal::open("tab", "-q") else { return };
    terminal.keys("flows.wh");
    terminal.press("Tab");
    terminal.keys("|f| f.dp");
    terminal.press("Tab");
    terminal.see_last("flowsh> flows.where(|f| f.dport");
    terminal.press("C-c");
    terminal.see_last("flowsh>");
    terminal.keys("flows(\"tcp estab");
    terminal.press("Tab");
    terminal.see_last("flowsh> flows(\"tcp established");
    terminal.press("C-c");
    terminal.see_last("flowsh>");
    terminal.line("let web = flows(\"tcp\");");
    terminal.keys("web.ex");
    terminal.press("Tab");
    terminal.see("\nexists   explain\n");
}

#[test]
fn an_event_is_shown_above_a_line_that_is_being_typed() {
    let Some(terminal) = Terminal::open("event", "-q") else { return };
    terminal.line("flows.on(\"new\", |e| print(`to ${e.flow.dst}`));");
    terminal.line(
        "after(1.sec, || flows.create(#{ proto: \"udp\", src: \"10.0.0.1\", sport: 5, \
         dst: \"10.0.0.9\", dport: 7, timeout: 1.min }));",
    );
    terminal.keys("40 +");
    let screen = terminal.see("to 10.0.0.9");
    assert!(!screen.contains("40 +to"), "{screen}");
    terminal.see_last("flowsh> 40 +");
    terminal.line(" 2");
    terminal.see("\n42\n");
}

#[test]
fn an_import_holds_for_the_lines_after_it() {
    let Some(terminal) = Terminal::open("import", "-q") else { return };
    terminal.line("import \"std/nat\" as nat;");
    terminal.line("let a = 40;");
    terminal.line("a + 2 + nat::stale([]).count()");
    terminal.see("\n42\n");
}

#[test]
fn an_error_points_into_the_line_that_made_it() {
    let Some(terminal) = Terminal::open("error", "-q") else { return };
    terminal.line("fn broken(x) { x.nope }");
    terminal.line("broken(1)");
    let screen = terminal.see("called at");
    assert!(screen.contains("shell:1:18\n   |\n 1 | fn broken(x) { x.nope }"), "{screen}");
}

#[test]
fn the_history_outlives_the_shell_and_forgets_what_begins_with_a_blank() {
    let Some(terminal) = Terminal::open("history", "-q") else { return };
    terminal.line("40 + 2");
    terminal.see("\n42\n");
    terminal.line(" 40 + 3");
    terminal.see("\n43\n");
    terminal.line(":quit");
    terminal.see("status 0");
    terminal.press("Enter");
    terminal.see_last("flowsh>");
    // The newest but one: the newest is `:quit`.
    terminal.press("Up");
    terminal.see_last("flowsh> :quit");
    terminal.press("Up");
    terminal.see_last("flowsh> 40 + 2");
}

#[test]
fn one_leaves_with_the_status_that_one_asks_for() {
    for (name, leave, status) in [
        ("quit", ":quit", "status 0"),
        ("exit", "exit(3)", "status 3"),
        ("after", "after(200.ms, || { print(40 + 2); exit(4) })", "\n42\nstatus 4"),
    ] {
        let Some(terminal) = Terminal::open(name, "-q") else { return };
        terminal.line(leave);
        terminal.keys("half a line");
        terminal.see(status);
    }
}

#[test]
fn ctrl_d_leaves() {
    let Some(terminal) = Terminal::open("eof", "-q") else { return };
    terminal.press("C-d");
    terminal.see("status 0");
}

/// Makes flows, and asks for a change of more than are changed without a question.
#[track_caller]
fn ask(terminal: &Terminal, line: &str) -> String {
    terminal.line(
        "let made = flows.create((1..=101).map(|n| #{ proto: \"udp\", src: \"10.0.0.1\", \
         sport: n, dst: \"10.0.0.2\", dport: 53, timeout: 1.hour })); made.matched",
    );
    terminal.see("\n101\n");
    terminal.line(line);
    terminal.see("? [y/N]")
}

#[test]
fn a_change_of_many_flows_asks_and_yes_makes_it() {
    let Some(terminal) = Terminal::open("yes", "-q") else { return };
    let screen = ask(&terminal, "flows(\"udp dport 53\").delete()");
    let asked = screen.split("\n101\n").nth(1).unwrap();
    let told: Vec<&str> = asked.lines().collect();
    assert_eq!(told[1], "101 flows match `proto udp and dport 53`, such as");
    assert!(told[2..5].iter().all(|flow| flow.starts_with("  udp 10.0.0.1:")), "{screen}");
    assert_eq!(told[5].trim_end(), "delete all 101? [y/N]");
    terminal.line("y");
    terminal.see("deleted 101, gone 0, failed 0, protected 0");
    terminal.line("print(flows(\"udp\").explain(\"delete\"))");
    terminal.see("asks if there are more than 100");
}

#[test]
fn whatever_is_not_yes_changes_nothing() {
    let Some(terminal) = Terminal::open("no", "-q") else { return };
    let code = "flows(\"udp\").update(#{ mark: 1 })";
    ask(&terminal, code);
    for answer in ["", "n", "flows.flush()"] {
        terminal.line(answer);
        terminal.see_last("flowsh>");
        assert!(terminal.screen().contains("updated 0 of 101: the answer was no"));
        terminal.press("C-l");
        terminal.see_that("an empty screen", |screen| screen == "flowsh>");
        terminal.line(code);
        terminal.see("? [y/N]");
    }
    terminal.press("C-d");
    terminal.see("updated 0 of 101: the answer was no");
    terminal.see_last("flowsh>");
    terminal.line(code);
    terminal.see_last("update all 101? [y/N]");
    terminal.press("C-c");
    terminal.see("nothing was changed\ninterrupted\n");
    terminal.line("flows(\"mark 0\").count()");
    terminal.see_last("flowsh>");
    terminal.see("\n101\n");
}

#[test]
fn nobody_is_asked_by_a_handler_or_with_yes() {
    let Some(terminal) = Terminal::open("unasked", "-q") else { return };
    ask(&terminal, "flows(\"udp\").delete()");
    terminal.line("n");
    terminal.see_last("flowsh>");
    terminal.line("after(10.ms, || print(flows(\"udp\").update(#{ mark: 1 })));");
    terminal.see("updated 101, gone 0");
    let Some(terminal) = Terminal::open("flag", "-q --yes") else { return };
    terminal.line(
        "flows.create((1..=101).map(|n| #{ proto: \"udp\", src: \"10.0.0.1\", \
         sport: n, dst: \"10.0.0.2\", dport: 53, timeout: 1.hour })); flows.flush()",
    );
    terminal.see("deleted 101, gone 0");
}
