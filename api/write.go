package api

import (
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

// writeEntity answers with an entity as it lies in the catalog.
func writeEntity(c echo.Context, entity entities.Text) error {
	return writeSized(c, entity.AppendTo(make([]byte, 0, entity.Len())))
}

func writeSized(c echo.Context, b []byte) error {
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, contentJSON)
	header.Set(echo.HeaderContentLength, strconv.Itoa(len(b)))
	c.Response().WriteHeader(http.StatusOK)
	_, err := c.Response().Write(b)
	return err
}

// writeRows answers with the entities of a list between a head and a tail.
func writeRows(c echo.Context, fs fields, rows []entities.Row, head, tail string) error {
	return writeList(c, fs, len(rows), func(i int) entities.Text { return rows[i].JSON }, head, tail)
}

// wholeAnswer is up to how many bytes an answer is put together before it is
// written; more is written as it is made: a list may be hundreds of megabytes.
const wholeAnswer = 1 << 20

// writeList answers with n entities between a head and a tail, null where there
// is none.
func writeList(c echo.Context, fs fields, n int, item func(int) entities.Text, head, tail string) error {
	size := len(head) + n*len("null,") + len(tail)
	for i := range n {
		size += item(i).Len()
	}
	whole := size <= wholeAnswer
	b := append(make([]byte, 0, min(size, wholeAnswer)), head...)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		if err := c.Request().Context().Err(); err != nil { // nobody waits for it any more
			return err
		}
		switch entity := item(i); {
		case entity.Len() == 0:
			b = append(b, "null"...)
		case len(fs) == 0:
			b = entity.AppendTo(b)
		default:
			part, err := fs.of(entity.String())
			if err != nil {
				return err
			}
			b = append(b, part...)
		}
		if !whole && len(b) > wholeAnswer/2 {
			c.Response().Header().Set(echo.HeaderContentType, contentJSON)
			if _, err := c.Response().Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	b = append(b, tail...)
	if whole {
		return writeSized(c, b)
	}
	c.Response().Header().Set(echo.HeaderContentType, contentJSON)
	_, err := c.Response().Write(b)
	return err
}
