package gitlab

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// skew is how far the time of a signed delivery may be from ours. See
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
const skew = 5 * time.Minute

// Verify checks the signature if a signing token is configured, and the secret
// token if that is. With both, both must fit: a token sent in clear says
// nothing about the body.
func (s *Source) Verify(h http.Header, body []byte) (ingest.Receipt, error) {
	if len(s.keys) > 0 {
		if err := s.verifySignature(h, body); err != nil {
			return ingest.Receipt{}, err
		}
	}
	if len(s.secrets) > 0 {
		if err := s.verifyToken(h); err != nil {
			return ingest.Receipt{}, err
		}
	}
	// Before GitLab 17.4 there is no key, and the other ids do not stay the same.
	return ingest.Receipt{ID: h.Get("Idempotency-Key"), Event: h.Get("X-Gitlab-Event")}, nil
}

func (s *Source) verifyToken(h http.Header) error {
	token := h.Get("X-Gitlab-Token")
	if token == "" {
		return fault.New(fault.Denied, "the delivery has no X-Gitlab-Token: set the secret token of source %s in the webhook's settings", s.name)
	}
	// Hashed, so that the comparison does not tell how long the secret is.
	got := sha256.Sum256([]byte(token))
	for _, secret := range s.secrets {
		want := sha256.Sum256([]byte(secret))
		if subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
			return nil
		}
	}
	return fault.New(fault.Denied, "X-Gitlab-Token is not the secret token of source %s", s.name)
}

func (s *Source) verifySignature(h http.Header, body []byte) error {
	id, at, signatures := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), h.Get("Webhook-Signature")
	if id == "" || at == "" || signatures == "" {
		return fault.New(fault.Denied, "the delivery is not signed: set the signing token of source %s in the webhook's settings (GitLab 19.0 or later), or take signingToken out of the configuration", s.name)
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return fault.New(fault.Denied, "webhook-timestamp is %q, which is no time", at)
	}
	signed := slices.ContainsFunc(s.keys, func(key []byte) bool {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(id + "." + at + "."))
		m.Write(body)
		return anySignature(signatures, m.Sum(nil))
	})
	if !signed {
		return fault.New(fault.Denied, "the signature does not fit: the webhook's signing token is not that of source %s, or the body was changed on its way", s.name)
	}
	if d := s.now().Sub(time.Unix(seconds, 0)); d.Abs() > skew {
		return fault.New(fault.Denied, "the delivery was signed at %s, more than %s from now: set the clocks, or send it again", time.Unix(seconds, 0).UTC().Format(time.RFC3339), skew)
	}
	// The signature covers this id, and nothing covers the other header.
	if key := h.Get("Idempotency-Key"); key != "" && key != id {
		return fault.New(fault.Denied, "webhook-id and Idempotency-Key differ")
	}
	return nil
}

// anySignature compares with each "v1,<base64>" of a list; there are several
// while a token is being replaced.
func anySignature(list string, want []byte) bool {
	for one := range strings.FieldsSeq(list) {
		b64, ok := strings.CutPrefix(one, "v1,")
		if !ok {
			continue
		}
		if got, err := base64.StdEncoding.DecodeString(b64); err == nil && hmac.Equal(got, want) {
			return true
		}
	}
	return false
}

// signingKey reads a signing token.
func signingKey(token string) ([]byte, error) {
	b64, ok := strings.CutPrefix(token, "whsec_")
	if !ok {
		return nil, errors.New("does not begin with whsec_: copy it as GitLab shows it")
	}
	key, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || len(key) == 0 {
		return nil, errors.New("is not base64 after whsec_: copy it as GitLab shows it")
	}
	return key, nil
}
