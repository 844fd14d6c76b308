//! What a table of fields gives to each of its fields, whichever table it is.

/// Reads `name`, `unit` and `doc` of a field off its table, whose rows are
/// `(field, name, unit, doc)`.
macro_rules! listed {
    ($field:ident, $table:ident) => {
        impl $field {
            /// All fields, in the order in which they are listed.
            pub fn all() -> impl Iterator<Item = Self> {
                $table.iter().map(|row| row.0)
            }

            fn row(self) -> Option<&'static (Self, &'static str, Unit, &'static str)> {
                $table.iter().find(|row| row.0 == self)
            }

            /// Its name in scripts and filters.
            #[must_use]
            pub fn name(self) -> &'static str {
                self.row().map_or("", |row| row.1)
            }

            /// What its value is.
            #[must_use]
            pub fn unit(self) -> Unit {
                self.row().map_or(Unit::Text, |row| row.2)
            }

            /// Its meaning, with the absent case.
            #[must_use]
            pub fn doc(self) -> &'static str {
                self.row().map_or("", |row| row.3)
            }
        }
    };
}

pub(super) use listed;
