package api

import (
	"encoding/csv"
	"mime"
	"strings"

	"github.com/labstack/echo/v4"
)

// writeCSV writes a table as a file. All tables but the export of the audit, which is too
// long to be kept in memory, are written by it.
func writeCSV(c echo.Context, name string, rows [][]string) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name + ".csv"}))
	for _, row := range rows {
		guarded(row)
	}
	return csv.NewWriter(c.Response()).WriteAll(rows)
}

// guarded keeps a spreadsheet from taking what somebody wrote for a formula: an apostrophe
// is put before it. It changes the row.
func guarded(row []string) []string {
	for i, text := range row {
		if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
			row[i] = "'" + text
		}
	}
	return row
}
