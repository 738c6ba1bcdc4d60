"""Sets cells of a workbook: set_cell.py BOOK SHEET KEY HEADING TEXT, the line found by its first cell; prints the address."""
import json, sys
import openpyxl

path, sheet, key, heading, text = sys.argv[1:6]
book = openpyxl.load_workbook(path)
page = book[sheet]
headings = next(r for r in page.iter_rows() if any(c.value == heading for c in r))
column = next(c.column for c in headings if c.value == heading)
row = next(r[0].row for r in page.iter_rows(min_row=headings[0].row + 1) if r[0].value == key)
cell = page.cell(row=row, column=column)
cell.value = text or None
book.save(path)
print(json.dumps({"address": f"{sheet}!{cell.coordinate}", "sheets": book.sheetnames}))
