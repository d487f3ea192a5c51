package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/config"
)

func TestNotices(t *testing.T) {
	got, ps := config.Parse([]byte(`
notices:
  grace: 10m
  channels:
    - {name: chat, type: slack, url: "${HOOK}", owners: [payments, "user:mossbank"], kinds: [drop]}
    - name: mail
      type: email
      smtp: {host: smtp.example.com, port: 2525, username: u, password: "${WORD}"}
      from: Callboard <callboard@example.com>
      to: [a@example.com]
      daily: 5
`), func(name string) (string, bool) { return "https://hooks.example.com/" + name, true }, nil)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	want := config.Notices{Grace: config.Duration(10 * time.Minute), Channels: []config.Channel{
		{Name: "chat", Type: "slack", URL: "https://hooks.example.com/HOOK", Owners: []string{"payments", "user:mossbank"}, Kinds: []string{"drop"}},
		{Name: "mail", Type: "email", From: "Callboard <callboard@example.com>", To: []string{"a@example.com"}, Daily: 5,
			SMTP: config.SMTP{Host: "smtp.example.com", Port: 2525, Username: "u", Password: "https://hooks.example.com/WORD"}},
	}}
	if d := cmp.Diff(want, got.Notices); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"group:default/payments", "user:default/mossbank"}, got.Notices.Channels[0].Refs()); d != "" {
		t.Error(d)
	}
}

// Each mistake is told with its place, and no secret with it.
func TestWrongNotices(t *testing.T) {
	for text, want := range map[string]string{
		`{name: Chat, type: slack, url: "https://x.example/key-of-it"}`:                                                                     `name: "Chat" must be lower-case`,
		`{name: warehouse, type: slack, url: "https://x.example/key-of-it"}`:                                                                `name: there is a channel or a subscriber "warehouse" already`,
		`{name: chat, type: carrier}`:                                                                                                       `type: "carrier" must be one of slack, webhook, email`,
		`{name: chat, type: slack}`:                                                                                                         `url: must be where notices are sent to`,
		`{name: chat, type: slack, url: "key-of-it"}`:                                                                                       `url: must be an http or https URL`,
		`{name: chat, type: slack, url: "https://x.example/key-of-it", from: a@example.com}`:                                                `from: is for email`,
		`{name: chat, type: slack, url: "https://x.example/key-of-it", kinds: [drops]}`:                                                     `kinds[0]: "drops" is no kind of notice; there are drop,`,
		`{name: chat, type: slack, url: "https://x.example/key-of-it", owners: ["component:pay"]}`:                                          `owners[0]: "component:pay" is no group and no user`,
		`{name: hook, type: webhook, url: "https://x.example/key-of-it", secret: key-of-it}`:                                                `secret: must be whsec_ and 24 to 64 bytes`,
		`{name: mail, type: email, from: a@example.com, to: [b@example.com]}`:                                                               `smtp.host: "" must be the name of a mail server`,
		`{name: mail, type: email, smtp: {host: "x:25"}, from: a@example.com, to: [b@example.com]}`:                                         `smtp.host: "x:25" must be the name of a mail server`,
		`{name: mail, type: email, smtp: {host: x, username: u}, from: a@example.com, to: [b@example.com]}`:                                 `smtp.username: username and password go together`,
		`{name: mail, type: email, smtp: {host: x, tls: none, username: u, password: key-of-it}, from: a@example.com, to: [b@example.com]}`: `smtp.tls: a password is not sent in the clear`,
		`{name: mail, type: email, smtp: {host: x}, from: nobody, to: [b@example.com]}`:                                                     `from: "nobody" must be who the mail is from`,
		`{name: mail, type: email, smtp: {host: x}, from: a@example.com}`:                                                                   `to: must be from 1 to 100 mailboxes`,
		`{name: mail, type: email, smtp: {host: x}, from: a@example.com, to: [b]}`:                                                          `to[0]: "b" must be a mailbox`,
	} {
		_, ps := config.Parse([]byte("subscribers: [{name: warehouse, url: \"https://w.example\", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}]\nnotices:\n  channels:\n    - "+text+"\n"),
			func(string) (string, bool) { return "", true }, nil)
		if len(ps) != 1 || ps[0].Line != 4 || !strings.Contains(ps[0].Message, "notices.channels[0]."+want) || strings.Contains(ps[0].Message, "key-of-it") {
			t.Errorf("%s: %v, want %s", text, ps, want)
		}
	}
	if _, ps := config.Parse([]byte("notices: {grace: 2h}"), nil, nil); len(ps) != 1 || !strings.Contains(ps[0].Message, "from 1s to 1h") {
		t.Error(ps)
	}
}
