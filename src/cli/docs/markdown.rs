//! Tables of Markdown.

/// A table.
///
/// In: the heads of the columns, and rows of as many texts. Out: lines, each with its end.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let heads = heads.map(str::to_owned);
    let rule = [const { String::new() }; N].map(|_| "---".to_owned());
    [heads, rule].into_iter().chain(rows).map(|row| line(&row)).collect()
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(" | "))
}

/// A text on one line, whose bars end no cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A text as code.
pub(super) fn code(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_table_is_escaped() {
        let rows = [["`a|b`".to_owned(), "two\nlines".to_owned()]];
        assert_eq!(table(["x", "y"], rows), "| x | y |\n| --- | --- |\n| `a\\|b` | two lines |\n");
    }
}
