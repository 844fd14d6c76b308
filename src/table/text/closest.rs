//! The known word nearest to a mistyped one.

/// The word of `known` that `word` was probably meant to be; `None` if none is near.
///
/// A letter too many, too few, wrong, or swapped with its neighbour is one step; one step is near
/// for every word of two letters or more, and so is one more for every three letters beyond three.
#[must_use]
pub fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().flat_map(char::to_lowercase).take(MAX_LEN + 1).collect();
    if word.len() < 2 || word.len() > MAX_LEN {
        return None;
    }
    let allowed = 1 + word.len().saturating_sub(3) / 3;
    known
        .map(|candidate| (steps(&word, candidate), candidate))
        .filter(|(steps, _)| *steps <= allowed)
        .min_by_key(|(steps, _)| *steps)
        .map(|(_, candidate)| candidate)
}

/// No known word is longer, and the work grows with the product of both lengths.
const MAX_LEN: usize = 64;

/// Optimal string alignment distance.
fn steps(word: &[char], candidate: &str) -> usize {
    let candidate: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
    let width = candidate.len() + 1;
    let mut before_last: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    let mut previous = None;
    for (row, &letter) in word.iter().enumerate() {
        let mut current = Vec::with_capacity(width);
        let mut left = row + 1;
        current.push(left);
        let mut left_letter = None;
        for (column, &other) in candidate.iter().enumerate() {
            let at =
                |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column) + usize::from(letter != other);
            let mut best = replaced.min(left + 1).min(at(&last, column + 1) + 1);
            if previous == Some(other) && left_letter == Some(letter) {
                best = best.min(at(&before_last, column.saturating_sub(1)) + 1);
            }
            current.push(best);
            (left, left_letter) = (best, Some(other));
        }
        before_last = std::mem::replace(&mut last, current);
        previous = Some(letter);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[track_caller]
    fn check(word: &str, wanted: Option<&str>) {
        let known = ["src", "dst", "sport", "dport", "established", "timeout"];
        assert_eq!(closest(word, known.into_iter()), wanted);
    }

    #[test]
    fn a_slip_of_the_finger_is_near_and_another_word_is_not() {
        check("dprot", Some("dport"));
        check("DPORT", Some("dport"));
        check("scr", Some("src"));
        check("estabilshed", Some("established"));
        check("timout", Some("timeout"));
        check("x", None);
        check("mark", None);
        check("", None);
    }
}
