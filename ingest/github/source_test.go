package github_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/internal/fault"
)

// GitHub's own example, from
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries.
const (
	exampleSecret    = "It's a Secret to Everybody"
	exampleBody      = "Hello, World!"
	exampleSignature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
)

func newSource(tb testing.TB, o github.Options) *github.Source {
	tb.Helper()
	if o.Name == "" {
		o.Name = "github"
	}
	if o.WebhookSecret == "" {
		o.WebhookSecret = exampleSecret
	}
	s, err := github.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestVerify(t *testing.T) {
	tests := []struct {
		name   string
		header map[string]string
		body   string
		want   string // part of the refusal; "" = accepted
	}{
		{"GitHub's example", map[string]string{"X-Hub-Signature-256": exampleSignature}, exampleBody, ""},
		{"another body", map[string]string{"X-Hub-Signature-256": exampleSignature}, exampleBody + " ", "does not fit"},
		{"no signature", nil, exampleBody, "not signed"},
		{"empty signature", map[string]string{"X-Hub-Signature-256": "sha256="}, exampleBody, "does not fit"},
		{"not hexadecimal", map[string]string{"X-Hub-Signature-256": "sha256=zz"}, exampleBody, "does not fit"},
		{"no prefix", map[string]string{"X-Hub-Signature-256": strings.TrimPrefix(exampleSignature, "sha256=")}, exampleBody, "does not fit"},
		{"cut short", map[string]string{"X-Hub-Signature-256": exampleSignature[:40]}, exampleBody, "does not fit"},
		{"SHA-1 alone, though right", map[string]string{"X-Hub-Signature": "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"}, exampleBody, "SHA-1"},
		{"SHA-1 in the other's header", map[string]string{"X-Hub-Signature-256": "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"}, exampleBody, "does not fit"},
		{"Gitea, though rightly signed", map[string]string{"X-Hub-Signature-256": exampleSignature, "X-Gitea-Event": "push"}, exampleBody, "Gitea"},
		{"Forgejo, though rightly signed", map[string]string{"X-Hub-Signature-256": exampleSignature, "X-Forgejo-Event": "push"}, exampleBody, "Forgejo"},
	}
	s := newSource(t, github.Options{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for k, v := range tt.header {
				h.Set(k, v)
			}
			_, err := s.Verify(h, []byte(tt.body))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it denied with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), exampleSecret) {
				t.Error("the refusal tells the secret")
			}
		})
	}
}

func TestReceipt(t *testing.T) {
	s := newSource(t, github.Options{})
	h := http.Header{}
	h.Set("X-Hub-Signature-256", exampleSignature)
	h.Set("X-GitHub-Event", "push")
	if unnamed, err := s.Verify(h, []byte(exampleBody)); err != nil || unnamed.ID != "" || unnamed.Event != "push" {
		t.Errorf("a delivery without an id is named %+v, %v", unnamed, err)
	}
	h.Set("X-GitHub-Event", "star")
	h.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	if named, err := s.Verify(h, []byte(exampleBody)); err != nil || named.ID != "72d3162e-cc78-11e3-81ab-4c9367dc0958" || named.Event != "star" {
		t.Errorf("a delivery with an id is named %+v, %v", named, err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]github.Options{
		"webhookSecret is empty": {Name: "github"},
		"is no address":          {Name: "github", WebhookSecret: "x", URL: "api.github.com"},
	} {
		if _, err := github.New(o); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), name) {
			t.Errorf("%+v gives %v, want %q", o, err, name)
		}
	}
}
