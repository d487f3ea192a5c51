package main

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// The demo's chat shows what it is sent as a chat does, and nothing of it is HTML.
func TestDemoChat(t *testing.T) {
	room := &chatRoom{}
	post := func(body string) (int, string) {
		w := httptest.NewRecorder()
		room.take(w, httptest.NewRequest(http.MethodPost, "/chat", strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	if code, said := post(`{"text": "*<http://portal.example/a?b=1&amp;c=2|cart fell &lt;b&gt;>*\n• “x &amp; y” fails <script>"}`); code != http.StatusOK || said != "ok" {
		t.Errorf("a message: %d %s", code, said)
	}
	for _, bad := range []string{``, `{`, `{"blocks": []}`} {
		if code, _ := post(bad); code != http.StatusBadRequest {
			t.Errorf("%q: %d", bad, code)
		}
	}
	w := httptest.NewRecorder()
	room.show(w, httptest.NewRequest(http.MethodGet, "/chat", http.NoBody))
	want := `<b><a href="http://portal.example/a?b=1&amp;c=2">cart fell &lt;b&gt;</a></b><br>• “x &amp; y” fails &lt;script&gt;</li>`
	if page := w.Body.String(); !strings.Contains(page, want) || !regexp.MustCompile(`<time>\d+ \w+ \d{4}, \d\d:`).MatchString(page) || strings.Count(page, "<time>") != 1 {
		t.Errorf("the page is\n%s\nwant in it\n%s", page, want)
	}
}
