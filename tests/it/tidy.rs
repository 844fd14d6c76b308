//! The rules of the house, read off the sources: who may use whom, what lives where, what every
//! file has. Each test is a rule; its failure says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::replay::Script;

/// The rooms and what each may use of the others.
const ROOMS: [(&str, &[&str]); 9] = [
    ("flow", &[]),
    ("wire", &["flow"]),
    ("kernel", &["flow", "wire"]),
    ("table", &["flow", "kernel"]),
    ("render", &["flow", "table"]),
    ("script", &["flow", "kernel", "table", "render"]),
    ("run", &["flow", "kernel", "table", "render", "script"]),
    ("shell", &["flow", "kernel", "table", "render", "script", "run"]),
    ("cli", &["flow", "kernel", "table", "render", "script", "run", "shell"]),
];

/// The crates and the rooms that may name them.
const HOMES: [(&str, &[&str]); 23] = [
    ("ahash", &["script"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("crossbeam_channel", &["kernel", "run", "shell"]),
    ("csv", &["render"]),
    ("itoa", &["wire", "render"]),
    ("jiff", &["wire", "table", "render"]),
    ("libc", &["kernel"]),
    ("memchr", &["cli"]),
    ("netlink_packet_core", &["wire", "kernel"]),
    ("netlink_packet_netfilter", &["wire", "kernel"]),
    ("netlink_sys", &["kernel"]),
    ("quick_xml", &["wire", "render"]),
    ("rhai", &["script"]),
    ("rustyline", &["shell"]),
    ("serde_core", &["wire"]),
    ("serde_json", &["wire", "render", "script"]),
    ("signal_hook", &["run"]),
    ("smallvec", &["cli"]),
    ("tabled", &["render"]),
    ("thiserror", &["wire", "kernel", "table"]),
    ("winnow", &["table"]),
];

const LONGEST: usize = 400;

/// A Rust file under `src`.
struct File {
    /// From `src` on.
    path: PathBuf,
    text: String,
    /// Only compiled for tests.
    test: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `dir` with its path from there.
fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(dir) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The files of `src`; what `#[cfg(test)] mod name;` names is for tests.
fn sources() -> Vec<File> {
    let src = root().join("src");
    let mut files: Vec<File> = walk(&src)
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            File { path: path.strip_prefix(&src).unwrap().to_owned(), text, test: false }
        })
        .collect();
    let mut tests = BTreeSet::new();
    for file in &files {
        let children = match file.path.file_name().and_then(|name| name.to_str()) {
            Some("mod.rs" | "lib.rs") => file.path.parent().unwrap().to_owned(),
            _ => file.path.with_extension(""),
        };
        let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]") {
            if let Some(name) =
                pair[1].strip_suffix(';').and_then(|line| line.split(' ').next_back())
            {
                tests.insert(children.join(name));
            }
        }
    }
    for file in &mut files {
        let is_test =
            |test: &PathBuf| file.path.with_extension("") == *test || file.path.starts_with(test);
        file.test = tests.iter().any(is_test);
    }
    assert!(files.len() > 100 && files.iter().any(|file| file.test), "the sources are not read");
    files
}

impl File {
    fn room(&self) -> &str {
        self.path.iter().next().and_then(|room| room.to_str()).unwrap()
    }

    /// The lines that are compiled into the program, with their numbers: no comments, no tests.
    fn code(&self) -> Vec<(usize, &str)> {
        let mut code = Vec::new();
        let mut skipped_until: Option<String> = None;
        let mut lines = self.text.lines().enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            if let Some(end) = &skipped_until {
                if line == end {
                    skipped_until = None;
                }
                continue;
            }
            if line.trim() == "#[cfg(test)]" {
                let (_, item) = lines.next().unwrap();
                let indent = &item[..item.len() - item.trim_start().len()];
                skipped_until = item.ends_with('{').then(|| format!("{indent}}}"));
                continue;
            }
            if !line.trim_start().starts_with("//") {
                code.push((number + 1, line));
            }
        }
        if self.test { Vec::new() } else { code }
    }

    /// Lines of code for which `find` says what is wrong.
    fn faults<'f, F>(&'f self, find: F) -> impl Iterator<Item = String> + 'f
    where
        F: Fn(&str) -> Option<String> + 'f,
    {
        let path = self.path.display();
        self.code()
            .into_iter()
            .filter_map(move |(number, line)| Some(format!("src/{path}:{number}: {}", find(line)?)))
    }
}

/// Fails with what is wrong and what to do about it.
#[track_caller]
fn hold(faults: impl IntoIterator<Item = String>, advice: &str) {
    let faults: Vec<String> = faults.into_iter().collect();
    assert!(faults.is_empty(), "{advice}\n  {}", faults.join("\n  "));
}

/// True if `line` names `word` as a word of its own.
fn names(line: &str, word: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(start, _)| {
        !line[..start].ends_with(part) && !line[start + word.len()..].starts_with(part)
    })
}

/// What `line` names right behind `prefix`, such as the rooms behind `crate::`.
fn named_behind<'l>(line: &'l str, prefix: &str) -> Vec<&'l str> {
    let word = |rest: &'l str| {
        rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
    };
    line.match_indices(prefix)
        .filter_map(|(start, _)| word(&line[start + prefix.len()..]))
        .collect()
}

#[test]
fn a_room_uses_only_the_rooms_that_the_design_lets_it_use() {
    let files = sources();
    let stranger = |file: &File, line: &str| {
        let (_, allowed) = ROOMS.iter().find(|(room, _)| *room == file.room())?;
        let named = named_behind(line, "crate::");
        let other =
            named.into_iter().find(|&other| other != file.room() && !allowed.contains(&other));
        other.map(|other| format!("{} uses {other}", file.room()))
    };
    let faults = files.iter().flat_map(|file| file.faults(|line| stranger(file, line)));
    hold(faults, "move the code to the room that may use both, or hand the value down:");
}

#[test]
fn every_file_lies_in_a_room_of_the_design() {
    let files = sources();
    let outside = files.iter().filter(|file| {
        let room = file.room();
        !["lib.rs", "main.rs"].contains(&room) && ROOMS.iter().all(|(known, _)| *known != room)
    });
    let faults = outside.map(|file| format!("src/{}", file.path.display()));
    hold(faults, "there are nine rooms; put the file into one of them:");
}

#[test]
fn a_room_is_left_by_its_name_and_not_through_super() {
    let files = sources();
    let faults = files.iter().flat_map(|file| {
        // `super` from `table/mod.rs` is the crate; from `table/query.rs` it takes two.
        let depth = file.path.iter().count() - usize::from(file.path.ends_with("mod.rs"));
        let chain = "super::".repeat(depth.max(1));
        file.faults(move |line| line.contains(&chain).then(|| line.trim().to_owned()))
    });
    hold(faults, "write `crate::room::…`, so that it is seen who uses whom:");
}

#[test]
fn the_vocabulary_needs_nothing_but_the_standard_library() {
    // Every dependency has a home, and none is named outside of its own.
    let guests = HOMES.iter().filter(|(_, homes)| homes.contains(&"flow"));
    let faults = guests.map(|(name, _)| (*name).to_owned());
    hold(faults, "take a type of std, or convert in the room above:");
}

#[test]
fn a_crate_is_named_only_in_its_rooms() {
    let files = sources();
    let faults = files.iter().flat_map(|file| {
        let away: Vec<_> =
            HOMES.iter().filter(|(_, homes)| !homes.contains(&file.room())).collect();
        file.faults(move |line| {
            let is_path = |name: &str| line.contains(&format!("{name}::"));
            let is_use = |name: &str| line.trim() == format!("use {name};");
            let used = |name: &str| names(line, name) && (is_path(name) || is_use(name));
            let (name, homes) = away.iter().find(|(name, _)| used(name))?;
            Some(format!("{name} belongs to {}", homes.join(", ")))
        })
    });
    hold(faults, "call what the home of the crate offers, or give it a home here with a reason:");
}

#[test]
fn every_dependency_has_a_home_and_is_used_there() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap();
    let section = section.split("\n[").next().unwrap();
    let wanted: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.replace('-', "_"))
        .collect();
    let files = sources();
    let mut faults: Vec<String> = wanted
        .iter()
        .filter(|name| HOMES.iter().all(|(known, _)| known != name))
        .map(|name| format!("{name} has no home"))
        .collect();
    for (name, homes) in HOMES {
        let used = files.iter().any(|file| homes.contains(&file.room()) && names(&file.text, name));
        if !used || !wanted.contains(name) {
            faults.push(format!("{name} has a home and is not used, or no dependency"));
        }
    }
    hold(
        faults,
        "keep HOMES in tests/it/tidy.rs and Cargo.toml the same, and drop what is unused:",
    );
}

#[test]
fn every_file_opens_by_saying_what_is_in_it() {
    let mut files = walk(&root().join("src"));
    files.extend(walk(&root().join("tests")));
    files.extend(walk(&root().join("benches")));
    let rust = files.iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let silent = rust.filter(|path| {
        let text = fs::read_to_string(path).unwrap();
        let opening: String =
            text.lines().map_while(|line| line.strip_prefix("//!")).collect::<Vec<_>>().join(" ");
        opening.split_whitespace().count() < 4 || !opening.contains('.')
    });
    let faults = silent.map(|path| path.display().to_string());
    hold(faults, "open the file with `//!` and a sentence on what is in it, and what is not:");
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let files = sources();
    let mut lengths: Vec<(usize, &Path)> = files
        .iter()
        .filter(|file| !file.test)
        .map(|file| (file.text.lines().count(), file.path.as_path()))
        .collect();
    lengths.sort();
    let median = lengths[lengths.len() / 2].0;
    let long = lengths.iter().filter(|(length, _)| *length > LONGEST);
    let faults = long.map(|(length, path)| format!("src/{}: {length} lines", path.display()));
    hold(faults, &format!("split by subject (the median file has {median} lines):"));
}

#[test]
fn nothing_panics_or_prints_behind_the_lints_back() {
    // Lints can be allowed away; this cannot.
    let forbidden = [
        ".unwrap()",
        ".expect(",
        "panic!(",
        "todo!(",
        "unimplemented!(",
        "unreachable!(",
        "println!(",
        "print!(",
        "eprintln!(",
        "dbg!(",
    ];
    let files = sources();
    let faults = files.iter().flat_map(|file| {
        file.faults(|line| {
            let word = forbidden.iter().find(|word| {
                let named = word.trim_start_matches('.');
                line.contains(*word) && (word.starts_with('.') || names(line, named))
            })?;
            Some((*word).to_owned())
        })
    });
    hold(faults, "return an error, or take a type that cannot fail:");
}

#[test]
fn unsafe_code_lives_in_the_kernel_room() {
    let files = sources();
    let faults = files.iter().filter(|file| file.room() != "kernel").flat_map(|file| {
        file.faults(|line| {
            (names(line, "unsafe") || names(line, "unsafe_code")).then(|| line.trim().to_owned())
        })
    });
    hold(faults, "put the system call behind a safe function of src/kernel:");
}

#[test]
fn what_rhai_calls_volatile_is_touched_in_one_file() {
    let files = sources();
    let faults = files.iter().filter(|file| file.path != Path::new("script/compat.rs"));
    let faults = faults.flat_map(|file| {
        file.faults(|line| {
            let lifts = line.contains("(deprecated") || line.trim() == "deprecated,";
            lifts.then(|| "lifts the lint `deprecated`".to_owned())
        })
    });
    hold(faults, "put what needs Rhai's insides into src/script/compat.rs, with a test:");
}

/// Texts of the project: everything that is written by hand.
fn texts() -> Vec<(PathBuf, String)> {
    let mut found: Vec<PathBuf> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    for dir in ["src", "tests", "benches", "stdlib", "docs", "examples", "scripts", ".github"] {
        found.extend(walk(&root().join(dir)));
    }
    let endings = ["rs", "rhai", "md", "toml", "yml", "yaml", "sh"];
    found
        .into_iter()
        .filter(|path| !path.iter().any(|part| part == "fixtures"))
        .filter(|path| {
            path.extension().is_some_and(|end| endings.iter().any(|known| end == *known))
        })
        .map(|path| {
            (path.strip_prefix(root()).unwrap().to_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// Lines of all texts for which `wrong` holds.
fn wrong_lines(wrong: impl Fn(&str) -> bool) -> Vec<String> {
    let texts = texts();
    let lines = texts.iter().flat_map(|(path, text)| {
        text.lines().enumerate().map(move |(number, line)| (path, number + 1, line))
    });
    lines
        .filter(|(_, _, line)| wrong(line))
        .map(|(path, number, line)| format!("{}:{number}: {}", path.display(), line.trim()))
        .collect()
}

#[test]
fn nothing_is_left_for_later_in_a_comment() {
    // Put together, so that this line does not find itself.
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:"), concat!("HA", "CK:")];
    let faults = wrong_lines(|line| marks.iter().any(|mark| line.contains(mark)));
    hold(faults, "do it, or open an issue and leave the code without the mark:");
}

#[test]
fn no_text_names_a_path_of_someones_machine() {
    let roots = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
    ];
    let faults = wrong_lines(|line| roots.iter().any(|root| line.contains(root)));
    hold(faults, "name the path from the project's root on:");
}

#[test]
fn no_line_ends_in_blanks() {
    let faults = wrong_lines(|line| line.ends_with([' ', '\t', '\r']));
    hold(faults, "take the blanks away:");
}

#[test]
fn every_script_function_is_documented_on_its_binding() {
    let docs = Script::over(Vec::new()).program.docs();
    let mut documented: BTreeMap<(Option<&str>, &str), bool> = BTreeMap::new();
    for entry in docs.entries() {
        let any = documented.entry((entry.owner.as_deref(), &entry.name)).or_default();
        *any |= !entry.doc.is_empty();
    }
    assert!(documented.len() > 150, "the documentation is not read");
    let silent = documented.iter().filter(|(_, any)| !**any);
    let faults = silent.map(|((owner, name), _)| format!("{}.{name}", owner.unwrap_or("")));
    hold(faults, "write a doc comment above the function in src/script/api:");
}

#[test]
fn every_property_can_be_written_in_a_script() {
    let script = Script::over(Vec::new());
    let docs = script.program.docs();
    let properties = docs.entries().iter().filter(|entry| entry.property);
    let faults = properties.filter_map(|entry| {
        // A word that Rhai keeps for itself can be registered, and then not be asked for.
        let code = format!("flows.first().{}", entry.name);
        script.program.check(&entry.name, &code).err().map(|report| report.text)
    });
    hold(faults, "give it a name that Rhai does not reserve, or mend that in script/compat.rs:");
}

#[test]
fn the_documentation_of_a_script_function_opens_with_a_sentence() {
    let docs = Script::over(Vec::new()).program.docs();
    let entries = docs.entries().iter().filter(|entry| !entry.doc.is_empty());
    let odd = entries.filter(|entry| {
        let summary = entry.summary();
        let upper = |letter: char| letter.is_uppercase() || "`0123456789".contains(letter);
        !summary.ends_with('.') || !summary.starts_with(upper)
    });
    let faults = odd.map(|entry| format!("{}: {}", entry.signature(), entry.summary()));
    hold(faults, "begin with a capital and end with a full stop, before the colon of an example:");
}

#[test]
fn every_example_of_the_documentation_is_a_script() {
    let script = Script::over(Vec::new());
    let docs = script.program.docs();
    let mut faults = Vec::new();
    let mut examples = 0;
    for entry in docs.entries() {
        if entry.doc.contains("```") && entry.example().is_none() {
            faults.push(format!("{}: its code block is not marked `rhai`", entry.signature()));
        }
        if let Some(code) = entry.example() {
            examples += 1;
            if let Err(report) = script.program.check(&entry.name, code) {
                faults.push(format!("{}\n{}", entry.signature(), report.text));
            }
        }
    }
    assert!(examples > 50, "the examples are not read");
    hold(faults, "correct the example:");
}

#[test]
fn the_changelog_has_a_section_for_what_is_being_made() {
    let version = env!("CARGO_PKG_VERSION");
    let text = fs::read_to_string(root().join("CHANGELOG.md")).unwrap_or_default();
    let told = text.split("\n## ").any(|section| {
        let heading = section.lines().next().unwrap_or_default();
        (heading.contains(version) || heading.contains("Unreleased")) && section.contains("\n- ")
    });
    let faults = (!told).then(|| format!("## {version}, or ## Unreleased"));
    hold(faults, "tell in CHANGELOG.md what changes for the user, under this heading:");
}
