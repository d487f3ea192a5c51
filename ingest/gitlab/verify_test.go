package gitlab_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/fault"
)

// The example of https://www.standardwebhooks.com, whose form GitLab follows.
const (
	exampleToken     = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleTime      = "1614265330"
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	secret           = "a secret for tests"
)

func newSource(tb testing.TB, o gitlab.Options) *gitlab.Source {
	tb.Helper()
	if o.Name == "" {
		o.Name = "gitlab"
	}
	s, err := gitlab.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func header(kv ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(kv); i += 2 {
		h.Set(kv[i], kv[i+1])
	}
	return h
}

func TestVerify(t *testing.T) {
	signed := func(more ...string) http.Header {
		return header(append([]string{"webhook-id", exampleID, "webhook-timestamp", exampleTime, "webhook-signature", exampleSignature}, more...)...)
	}
	plain := gitlab.Options{WebhookSecret: secret}
	signing := gitlab.Options{SigningToken: exampleToken}
	both := gitlab.Options{WebhookSecret: secret, SigningToken: exampleToken}
	tests := []struct {
		name   string
		source gitlab.Options
		header http.Header
		late   time.Duration
		want   string // part of the refusal; "" = accepted
	}{
		{"token", plain, header("X-Gitlab-Token", secret), 0, ""},
		{"wrong token", plain, header("X-Gitlab-Token", secret+"!"), 0, "not the secret token"},
		{"no token", plain, header(), 0, "no X-Gitlab-Token"},
		{"a signature is not asked for", plain, header("X-Gitlab-Token", secret, "webhook-signature", "v1,xx"), 0, ""},

		{"signature", signing, signed(), 0, ""},
		{"one of several signatures", signing, signed("webhook-signature", "v1a,abc v1,bm90IGl0 "+exampleSignature), 0, ""},
		{"5 minutes late", signing, signed(), 5 * time.Minute, ""},
		{"too late", signing, signed(), 5*time.Minute + time.Second, "more than 5m0s"},
		{"too early", signing, signed(), -5*time.Minute - time.Second, "more than 5m0s"},
		{"of another time", signing, signed("webhook-timestamp", "1614265331"), 0, "does not fit"},
		{"of no time", signing, signed("webhook-timestamp", "now"), 0, "no time"},
		{"of another id", signing, signed("webhook-id", "msg_2"), 0, "does not fit"},
		{"of another version", signing, signed("webhook-signature", strings.Replace(exampleSignature, "v1", "v2", 1)), 0, "does not fit"},
		{"no signature", signing, header("X-Gitlab-Token", secret), 0, "not signed"},
		{"the key of de-duplication is not the signed one", signing, signed("Idempotency-Key", "another"), 0, "differ"},

		{"both", both, signed("X-Gitlab-Token", secret), 0, ""},
		{"both, token missing", both, signed(), 0, "no X-Gitlab-Token"},
		{"both, signature missing", both, header("X-Gitlab-Token", secret), 0, "not signed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.source.Now = func() time.Time { return time.Unix(1614265330, 0).Add(tt.late) }
			_, err := newSource(t, tt.source).Verify(tt.header, []byte(exampleBody))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it denied with %q", err, tt.want)
			}
		})
	}
}

func TestReceipt(t *testing.T) {
	s := newSource(t, gitlab.Options{WebhookSecret: secret})
	h := header("X-Gitlab-Token", secret, "X-Gitlab-Event", "Push Hook", "Idempotency-Key", "f5e5f430")
	if r, err := s.Verify(h, []byte("{}")); err != nil || r.ID != "f5e5f430" || r.Event != "Push Hook" {
		t.Errorf("got %+v, %v", r, err)
	}
	h.Del("Idempotency-Key")
	if r, err := s.Verify(h, []byte("{}")); err != nil || r.ID != "" {
		t.Errorf("without a key: got %+v, %v", r, err)
	}
}

func TestNewRefuses(t *testing.T) {
	for want, o := range map[string]gitlab.Options{
		"both empty":          {Name: "gitlab"},
		"begin with whsec_":   {Name: "gitlab", SigningToken: "abc"},
		"is not base64 after": {Name: "gitlab", SigningToken: "whsec_!"},
		"is no address":       {Name: "gitlab", WebhookSecret: "x", URL: "gitlab.com"},
	} {
		if _, err := gitlab.New(o); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v gives %v, want %q", o, err, want)
		}
	}
}
