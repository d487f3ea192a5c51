package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// What is wrong with a body is said in words of JSON.
func TestBodiesThatAreNone(t *testing.T) {
	p := newPortal(t)
	for body, want := range map[string]string{
		"":                     "it is empty",
		"[]":                   "it must be an object, found array",
		`{"reason": 3}`:        "reason must be a string, found number",
		`{"why": "x"}`:         `there is no field \"why\"`,
		`{"reason": "x"} true`: "something stands after it",
		`{"reason": "x"}]`:     "something stands after it",
		`{"reason": `:          "it breaks off",
		`{reason}`:             "at byte 2, invalid character",
	} {
		resp, err := http.Post(p.URL+"/api/history/events/1/undo", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(got), want) || strings.Contains(string(got), "Go ") {
			t.Errorf("%s: %d %s, %v; want %s", body, resp.StatusCode, got, err, want)
		}
	}
}
