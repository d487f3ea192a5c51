package ui_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/web/static"
	"github.com/callboard/callboard/web/ui"
)

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 48213: "48,213", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := ui.Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 entities", 1: "1 entity", 2: "2 entities", 1204: "1,204 entities"} {
		if got := ui.Plural(n, "entity", "entities"); got != want {
			t.Errorf("Plural(%d) = %q, want %q", n, got, want)
		}
	}
	if got := ui.Plural(3, "source"); got != "3 sources" {
		t.Errorf("without a plural of its own: %q", got)
	}
}

func TestOutside(t *testing.T) {
	for _, tt := range []struct{ name, link, want string }{
		{"https", "https://run.acme.example/pay?x=1#y", "https://run.acme.example/pay?x=1#y"},
		{"http", "http://run.acme.example", "http://run.acme.example"},
		{"upper case", "HTTPS://run.acme.example", "https://run.acme.example"},
		{"mail", "mailto:team@acme.example", "mailto:team@acme.example"},
		{"script", "javascript:alert(1)", ""},
		{"script in capitals", "JavaScript:alert(1)", ""},
		{"script behind a blank", " javascript:alert(1)", ""},
		{"script with a line break", "java\nscript:alert(1)", ""},
		{"data", "data:text/html,<script>alert(1)</script>", ""},
		{"file", "file:///etc/passwd", ""},
		{"relative", "/catalog", ""},
		{"host without scheme", "//evil.example/x", ""},
		{"no host", "https:///x", ""},
		{"empty mail", "mailto:", ""},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ui.Outside(tt.link); string(got) != tt.want {
				t.Errorf("Outside(%q) = %q, want %q", tt.link, got, tt.want)
			}
		})
	}
}

// Whatever a descriptor says, a link leads to the web or to a mailbox.
func FuzzOutside(f *testing.F) {
	for _, s := range []string{"https://a.example/", "javascript:alert(1)", "mailto:a@b", "ht\ttps://x", "//x", "https:\\\\x", "\x00https://a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := string(ui.Outside(s))
		if got == "" {
			return
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatalf("Outside(%q) = %q, which is no address: %v", s, got, err)
		}
		switch u.Scheme {
		case "http", "https", "mailto":
		default:
			t.Errorf("Outside(%q) = %q, of scheme %q", s, got, u.Scheme)
		}
	})
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"short", 5, "short"},
		{"longer than that", 8, "longer…"},
		{"ünïcödé", 4, "ünï…"},
		{"", 3, ""},
	} {
		if got := ui.Shorten(tt.in, tt.n); got != tt.want {
			t.Errorf("Shorten(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{"pebbledash": "PE", "kestrel-7": "KE", "7-up": "7U", "é": "É", "--": "", "": ""} {
		if got := ui.Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 3, 12, 14, 3, 10, 0, time.UTC)
	berlin := time.FixedZone("", 3600)
	for _, tt := range []struct {
		name               string
		t                  time.Time
		near, brief, stamp string
	}{
		{"today", now.Add(-4*time.Hour - 22*time.Minute), "Today 09:41", "Today 09:41", "09:41:10"},
		{"in another zone it is still UTC", time.Date(2026, 3, 12, 0, 30, 0, 0, berlin), "Yesterday 23:30", "Yesterday 23:30", "Wed 23:30"},
		{"yesterday", now.AddDate(0, 0, -1), "Yesterday 14:03", "Yesterday 14:03", "Wed 14:03"},
		{"this week", now.AddDate(0, 0, -6), "6 March 14:03", "6 Mar 14:03", "Fri 14:03"},
		{"a week ago", now.AddDate(0, 0, -7), "5 March 14:03", "5 Mar 14:03", "5 Mar 14:03"},
		{"last year", time.Date(2025, 9, 24, 15, 33, 0, 0, time.UTC), "24 September 2025, 15:33", "24 Sep 2025", "24 Sep 2025"},
		{"a clock that is ahead", now.Add(time.Hour), "Today 15:03", "Today 15:03", "15:03:10"},
		{"unknown", time.Time{}, "–", "–", "–"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			near, brief, stamp := ui.Near(tt.t, now).Text, ui.Brief(tt.t, now).Text, ui.Stamp(tt.t, now).Text
			if near != tt.near || brief != tt.brief || stamp != tt.stamp {
				t.Errorf("near %q, brief %q, stamp %q; want %q, %q, %q", near, brief, stamp, tt.near, tt.brief, tt.stamp)
			}
		})
	}
	m := ui.Near(now, now)
	if m.ISO != "2026-03-12T14:03:10Z" || m.Full != "12 March 2026, 14:03:10 UTC" {
		t.Errorf("for machines %q, in full %q", m.ISO, m.Full)
	}
	if got := m.Within().Text; got != "today 14:03" {
		t.Errorf("within a sentence: %q", got)
	}
}

func TestSpans(t *testing.T) {
	for _, tt := range []struct {
		d                 time.Duration
		span, words, late string
	}{
		{-time.Second, "0 s", "0 seconds", "0 s"},
		{400 * time.Millisecond, "0.4 s", "0 seconds", "0 s"},
		{time.Second, "1.0 s", "1 second", "1 s"},
		{17 * time.Second, "17 s", "17 seconds", "17 s"},
		{21*time.Minute + 48*time.Second, "21 min 48 s", "21 minutes 48 seconds", "21 min"},
		{3*time.Hour + 5*time.Minute, "3 h 5 min", "3 hours 5 minutes", "3 h"},
		{72 * time.Hour, "3 days", "3 days", "3 days"},
	} {
		span, words, late := ui.Span(tt.d), ui.SpanInWords(tt.d), ui.Late(tt.d)
		if span != tt.span || words != tt.words || late != tt.late {
			t.Errorf("%s: %q, %q, %q; want %q, %q, %q", tt.d, span, words, late, tt.span, tt.words, tt.late)
		}
	}
}

func TestJSON(t *testing.T) {
	got := ui.JSON([]byte(`{"a\"b":"x: {","n":-1.5,"t":true,"l":[null,"`+strings.Repeat("y", 50)+`"]}`), 20)
	var text strings.Builder
	classes := map[string][]string{}
	for _, tok := range got {
		text.WriteString(tok.Text)
		classes[tok.Class] = append(classes[tok.Class], tok.Text)
	}
	for class, want := range map[string]string{"k": `"a\"b" "n" "t" "l"`, "n": "-1.5 true null", "s": `"x: {" "` + strings.Repeat("y", 18) + `…"`} {
		if got := strings.Join(classes[class], " "); got != want {
			t.Errorf("class %s: %s, want %s", class, got, want)
		}
	}
	if !strings.HasPrefix(text.String(), "{\n  \"a\\\"b\": ") {
		t.Errorf("not indented:\n%s", text.String())
	}
}

// No text is lost or added: what is coloured is what was there.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{}`, `[1,2]`, `{"a":{"b":"c\\\""}}`, `"`, `nul`, `{"a":"😀"}`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		tokens := ui.JSON(value, 1<<20)
		var text strings.Builder
		for _, tok := range tokens {
			text.WriteString(tok.Text)
		}
		var want bytes.Buffer
		if json.Indent(&want, value, "", "  ") != nil {
			want.Reset()
			want.Write(value)
		}
		if len(tokens) < 2000 && text.String() != want.String() {
			t.Errorf("coloured %q, want %q", text.String(), want.String())
		}
	})
}

// Of each step there is a colour, and neighbours have different ones.
func TestStepsHaveColours(t *testing.T) {
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, static.URL("callboard.css"), nil))
	for place := range 20 {
		color := ui.StepColor(place)
		if name := strings.TrimSuffix(strings.TrimPrefix(color, "var("), ")"); !strings.Contains(w.Body.String(), name+": ") {
			t.Errorf("place %d: the stylesheet has no %s", place, name)
		}
		if color == ui.StepColor(place+1) {
			t.Errorf("places %d and %d are both %s", place, place+1, color)
		}
	}
}
