package web_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/callboard/callboard/web"
)

// A server that is configured draws what is in PlantUML, and the policy lets it; without
// one no source leaves the page.
func TestDocsPlantUML(t *testing.T) {
	const source = "@startuml\nAlice -> Bob: <hi> & \"bye\"\n@enduml\n"
	random := make([]byte, 0, 30_000) // what does not get shorter
	for i, x := 0, uint32(1); i < cap(random); i++ {
		x = x*1664525 + 1013904223
		random = append(random, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[x>>24%62])
	}
	s := newShelf(t)
	s.publish(apiRef, "mossbank", 48, map[string]string{
		"docs/index.md": "# Home\n\n```plantuml\n" + source + "```\n\n```plantuml\n" + string(random) + "\n```\n",
	})
	p := acme(t, s.config)
	if got := p.ok(apiDocs).all(".prose img"); len(got) != 0 {
		t.Errorf("without a server there is an image at %s", attr(got[0], "src"))
	}

	p = acme(t, s.config, func(c *web.Config) { c.PlantUML = "http://uml.example:8080/plantuml/" })
	page := p.ok(apiDocs)
	if got := len(page.all(".prose pre.plantuml")); got != 2 {
		t.Errorf("%d sources, want 2", got)
	}
	encoded, ok := strings.CutPrefix(attr(page.one(".prose img"), "src"), "http://uml.example:8080/plantuml/svg/") // the second is too long for an address
	if !ok || len(encoded)%4 != 0 {
		t.Fatalf("the image is at %s", attr(page.one(".prose img"), "src"))
	}
	packed, err := base64.NewEncoding("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_").DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed))); string(got) != source || err != nil {
		t.Errorf("the server is sent %q, %v", got, err)
	}

	w := httptest.NewRecorder()
	w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'")
	p.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, apiDocs, nil))
	if got := w.Header().Get("Content-Security-Policy"); got != "default-src 'self'; img-src 'self' http://uml.example:8080 data:; object-src 'none'" {
		t.Errorf("the policy is %s", got)
	}
}
