from html.parser import HTMLParser

from mlops_drift.charts.html import rendered
from mlops_drift.charts.sections import Cell, PageTable, Row


class Cells(HTMLParser):
    """The texts of a table's cells, row by row, and the addresses of its links."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.links, self.classes = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "table":
            self.classes = found["class"]
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
        if tag == "a":
            self.links.append(found["href"])

    def handle_data(self, text):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += text.strip()


def cells(table):
    page = rendered("reports/index.html.j2", {}, table=table, counts={}, words={}, signs={})
    return Cells(page.partition("<main>")[2].partition("</main>")[0])


def test_a_table_shows_texts_badges_and_links_escaped():
    rows = [Row(["<b>", Cell("fail", "fail"), Cell("v3", href="http://x/?a=1&b=2")])]
    found = cells(PageTable(("a", "b", "c"), rows))
    assert found.rows == [["a", "b", "c"], ["<b>", "fail", "v3"]]
    assert found.links == ["http://x/?a=1&b=2"]


def test_columns_of_numbers_short_and_long_texts_are_set_differently():
    table = PageTable(("n", "s", "t"), [Row(["1", "short", "long " * 9])], frozenset(["n"]))
    assert cells(table).classes == "data n1 s2 t3"


def test_a_table_without_rows_has_its_titles():
    assert cells(PageTable(("a",), [])).rows == [["a"]]


def test_numbers_are_on_the_right_in_the_widest_table():
    # A day, a version, its predictions, and fifty classes.
    titles = [str(number) for number in range(53)]
    page = rendered(
        "reports/index.html.j2",
        {},
        table=PageTable(titles, [Row(titles)], frozenset(titles)),
        counts={},
        words={},
        signs={},
    )
    rule = next(line for line in page.splitlines() if line.startswith(".n1 "))
    rules = [one.strip() for one in rule.partition(" {")[0].split(",")]
    assert {f".n{number} tr>:nth-child({number})" for number in range(1, 54)} <= {*rules}
