//! Which columns stay and how wide they are. Numbers only; no rows.

use tabled::grid::util::string::{get_char_width, get_string_width};

use super::GAP;

/// What a column would like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// As wide as its widest cell.
    pub(super) natural: usize,
    /// As narrow as still makes sense.
    pub(super) least: usize,
    /// True if no row has a value in it.
    pub(super) empty: bool,
}

/// The widths of the columns that stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) widths: Vec<usize>,
    /// True if columns had to go: the header ends in `…`.
    pub(super) dropped: bool,
    limit: Option<usize>,
}

impl Layout {
    /// Fits columns into `limit`, and tells which stay.
    ///
    /// First the empty ones go, then as many from the right as must; then the widest of the rest
    /// shrink. One column always stays.
    pub(super) fn fit(wishes: &[Wish], limit: Option<usize>) -> (Vec<bool>, Self) {
        let mut stays: Vec<(usize, Wish)> = wishes.iter().copied().enumerate().collect();
        let crowded = limit.is_some_and(|limit| total(wishes.iter().map(|w| w.natural)) > limit);
        if crowded && !wishes.iter().all(|wish| wish.empty) {
            stays.retain(|(_, wish)| !wish.empty);
        }
        // Once a column goes, the mark that tells of it needs room as well.
        let room_for = |stays: &[(usize, Wish)]| {
            let mark = if stays.len() < wishes.len() { GAP } else { 0 };
            limit.map_or(usize::MAX, |limit| limit.saturating_sub(mark))
        };
        while stays.len() > 1 && total(stays.iter().map(|(_, w)| w.least)) > room_for(&stays) {
            stays.pop();
        }
        let room = room_for(&stays);
        if let [(_, only)] = stays.as_mut_slice() {
            only.least = only.least.min(room).max(1);
        }
        while total(stays.iter().map(|(_, w)| w.natural)) > room {
            let wide = stays.iter_mut().filter(|(_, wish)| wish.natural > wish.least);
            let Some((_, widest)) = wide.max_by_key(|(_, wish)| wish.natural) else { break };
            widest.natural -= 1;
        }
        let mut kept = vec![false; wishes.len()];
        for (index, _) in &stays {
            kept.iter_mut().skip(*index).take(1).for_each(|kept| *kept = true);
        }
        let widths: Vec<usize> = stays.iter().map(|(_, wish)| wish.natural).collect();
        let dropped = stays.len() < wishes.len();
        (kept, Self { widths, dropped, limit: limit.map(|_| room) })
    }

    /// Lets columns take up the room that is left, or any room if there is no limit.
    pub(super) fn grow(&mut self, natural: &[usize]) {
        let mut free =
            self.limit.map(|limit| limit.saturating_sub(total(self.widths.iter().copied())));
        for (width, natural) in self.widths.iter_mut().zip(natural) {
            let wish = natural.saturating_sub(*width);
            let granted = free.map_or(wish, |free| wish.min(free));
            *width += granted;
            free = free.map(|free| free - granted);
        }
    }
}

fn total(widths: impl ExactSizeIterator<Item = usize>) -> usize {
    let gaps = GAP * widths.len().saturating_sub(1);
    widths.sum::<usize>() + gaps
}

/// Shortens `cell` to `width`, with `…` for what went.
pub(super) fn cut(cell: &mut String, width: usize) {
    if cell.len() <= width || get_string_width(cell) <= width {
        return;
    }
    let mut room = width.saturating_sub(1);
    let end = cell.char_indices().find(|(_, c)| match room.checked_sub(get_char_width(*c)) {
        Some(left) => {
            room = left;
            false
        }
        None => true,
    });
    let end = end.map_or(cell.len(), |(at, _)| at);
    cell.truncate(end);
    cell.push('…');
}

#[cfg(test)]
mod tests {
    use super::{Layout, Wish, cut};

    fn wish(natural: usize, least: usize) -> Wish {
        Wish { natural, least, empty: false }
    }

    #[track_caller]
    fn check(wishes: &[Wish], limit: usize, shown: &str) {
        let (kept, layout) = Layout::fit(wishes, Some(limit));
        let kept: String = kept.iter().map(|kept| if *kept { 'x' } else { '.' }).collect();
        assert_eq!(format!("{kept} {:?}", layout.widths), shown);
    }

    #[test]
    fn columns_shrink_before_they_go_and_empty_ones_go_first() {
        let wishes = [wish(3, 3), wish(10, 4), wish(5, 5)];
        check(&wishes, 22, "xxx [3, 10, 5]");
        check(&wishes, 20, "xxx [3, 8, 5]");
        check(&wishes, 15, "xx. [3, 8]");
        check(&wishes, 2, "x.. [1]");
        let [first, second, third] = wishes;
        check(&[Wish { empty: true, ..first }, second, third], 20, ".xx [10, 5]");
        check(&[wish(30, 30)], 20, "x [20]");
        let empty = Wish { empty: true, ..wish(30, 30) };
        check(&[empty, empty], 20, "x. [18]");
        check(&[], 20, " []");
    }

    #[test]
    fn columns_grow_into_the_room_that_is_left() {
        let (_, mut layout) = Layout::fit(&[wish(3, 3), wish(4, 4)], Some(12));
        layout.grow(&[5, 9]);
        assert_eq!(layout.widths, [5, 5]);
        let (_, mut layout) = Layout::fit(&[wish(3, 3), wish(4, 4)], None);
        layout.grow(&[5, 90]);
        assert_eq!(layout.widths, [5, 90]);
    }

    #[test]
    fn a_cut_cell_is_as_wide_as_it_looks() {
        let cut = |text: &str, width| {
            let mut cell = text.to_owned();
            cut(&mut cell, width);
            cell
        };
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 1), "…");
    }
}
