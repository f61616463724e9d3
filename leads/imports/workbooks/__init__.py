"""Workbooks (XLSX, XLS, XLSB, ODS) as CSV: opened in a process of its own, so that no file can take ours along."""
