package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/projections/entities"
)

const contentJSON = "application/json; charset=utf-8"

// writeJSON answers with a value.
func writeJSON(c echo.Context, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.Blob(status, contentJSON, b)
}

// writeRaw answers with JSON as it lies in the catalog.
func writeRaw(c echo.Context, text string) error {
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, contentJSON)
	header.Set(echo.HeaderContentLength, strconv.Itoa(len(text)))
	c.Response().WriteHeader(http.StatusOK)
	_, err := c.Response().Write([]byte(text))
	return err
}

// writeEntities answers with a bare list.
func writeEntities(c echo.Context, fs fields, rows []entities.Row) error {
	return writeList(c, "[", "]", len(rows), func(i int) (string, error) { return fs.text(rows[i].JSON) })
}

// writeItems answers with {"items": […]}, null where there is none.
func writeItems(c echo.Context, fs fields, all []string) error {
	return writeList(c, `{"items":[`, "]}", len(all), func(i int) (string, error) {
		if all[i] == "" {
			return "null", nil
		}
		return fs.text(all[i])
	})
}

// text returns the wanted part of an entity.
func (fs fields) text(entity string) (string, error) {
	if len(fs) == 0 {
		return entity, nil
	}
	b, err := fs.of(entity)
	return string(b), err
}

// writeList answers with n JSON texts between a head and a tail. A list may be
// hundreds of megabytes, which are written as they are made.
func writeList(c echo.Context, head, tail string, n int, item func(int) (string, error)) error {
	c.Response().Header().Set(echo.HeaderContentType, contentJSON)
	out := bufio.NewWriterSize(c.Response(), 32<<10)
	write := func(text string) { out.WriteString(text) } //nolint:errcheck // Flush tells the first error
	write(head)
	for i := range n {
		text, err := item(i)
		if err != nil {
			return err
		}
		if i > 0 {
			write(",")
		}
		write(text)
	}
	write(tail)
	return out.Flush()
}
