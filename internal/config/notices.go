package config

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/callboard/callboard/catalog"
)

// Notices is what people are told, and where.
type Notices struct {
	Grace    Duration  `yaml:"grace"` // how long a notice waits until it is sent out
	Channels []Channel `yaml:"channels"`
}

// Channel is where notices are sent to.
type Channel struct {
	Name           string   `yaml:"name"`           // how far it is, is kept under it, beside those of subscribers
	Type           string   `yaml:"type"`           // see [ChannelTypes]
	URL            Secret   `yaml:"url"`            // slack, webhook
	Secret         Secret   `yaml:"secret"`         // webhook: whsec_…
	PreviousSecret Secret   `yaml:"previousSecret"` // webhook: what was valid before signs too
	SMTP           SMTP     `yaml:"smtp"`           // email
	From           string   `yaml:"from"`           // email
	To             []string `yaml:"to"`             // email
	Owners         []string `yaml:"owners"`         // only what concerns any of them; empty = all
	Kinds          []string `yaml:"kinds"`          // see [NoticeKinds]; empty = all
	Daily          Number   `yaml:"daily"`          // notices in a day, one by one; 0 = the default
}

// SMTP is a mail server.
type SMTP struct {
	Host     string `yaml:"host"`
	Port     Number `yaml:"port"` // 0 = 587, or 465 with tls
	TLS      string `yaml:"tls"`  // starttls, tls or none; empty = starttls
	Username string `yaml:"username"`
	Password Secret `yaml:"password"`
}

// The types of channels.
const (
	ChannelSlack   = "slack"
	ChannelWebhook = "webhook"
	ChannelEmail   = "email"
)

// ChannelTypes lists the types of channels.
func ChannelTypes() []string { return []string{ChannelSlack, ChannelWebhook, ChannelEmail} }

// NoticeKinds lists the kinds of notices that a channel can choose.
func NoticeKinds() []string {
	return []string{"drop", "initiative", "reminder", "exemption-requested", "exemption-decided", "exemption-expiring", "exemption-expired"}
}

// Refs are the owners as full references.
func (c Channel) Refs() []string {
	all := make([]string, 0, len(c.Owners))
	for _, text := range c.Owners {
		if ref, err := catalog.ParseRef(text, catalog.Ref{Kind: "Group"}); err == nil {
			all = append(all, ref.String())
		}
	}
	return all
}

const (
	leastGrace, mostGrace = time.Second, time.Hour
	maxDaily, maxTo       = 1000, 100
)

func (p *parser) notices(n Notices, subscribers []Subscriber) {
	if d := time.Duration(n.Grace); d < leastGrace || d > mostGrace {
		p.wrong("notices.grace", "%s is no time for a notice to wait: from 1s to 1h", d)
	}
	names := map[string]bool{}
	for _, s := range subscribers {
		names[s.Name] = true
	}
	for i, c := range n.Channels {
		path := fmt.Sprintf("notices.channels[%d]", i)
		switch {
		case !sourceName.MatchString(c.Name):
			p.wrong(path+".name", "%q must be lower-case letters, digits and hyphens, such as payments-chat; how far it is, is kept under it", c.Name)
		case names[c.Name]:
			p.wrong(path+".name", "there is a channel or a subscriber %q already", c.Name)
		}
		names[c.Name] = true
		p.channel(path, c)
		for j, text := range c.Owners {
			if ref, err := catalog.ParseRef(text, catalog.Ref{Kind: "Group"}); err != nil || !slices.Contains([]string{"group", "user"}, strings.ToLower(ref.Kind)) {
				p.wrong(fmt.Sprintf("%s.owners[%d]", path, j), "%q is no group and no user; write group:default/payments", text)
			}
		}
		for j, kind := range c.Kinds {
			if !slices.Contains(NoticeKinds(), kind) {
				p.wrong(fmt.Sprintf("%s.kinds[%d]", path, j), "%q is no kind of notice; there are %s", kind, strings.Join(NoticeKinds(), ", "))
			}
		}
		if c.Daily > maxDaily {
			p.wrong(path+".daily", "%d is too many: at most %d; what is more comes at the end of the day as one", c.Daily, maxDaily)
		}
	}
}

// channel looks at what only some types have.
func (p *parser) channel(path string, c Channel) {
	if !slices.Contains(ChannelTypes(), c.Type) {
		p.wrong(path+".type", "%q must be one of %s", c.Type, strings.Join(ChannelTypes(), ", "))
		return
	}
	for _, field := range []struct {
		name string
		set  bool
		of   []string
	}{
		{"url", c.URL != "", []string{ChannelSlack, ChannelWebhook}},
		{"secret", c.Secret != "", []string{ChannelWebhook}},
		{"previousSecret", c.PreviousSecret != "", []string{ChannelWebhook}},
		{"smtp", c.SMTP != (SMTP{}), []string{ChannelEmail}},
		{"from", c.From != "", []string{ChannelEmail}},
		{"to", len(c.To) > 0, []string{ChannelEmail}},
	} {
		if field.set && !slices.Contains(field.of, c.Type) {
			p.wrong(path+"."+field.name, "is for %s", strings.Join(field.of, " and "))
		}
	}
	if c.Type == ChannelEmail {
		p.email(path, c)
		return
	}
	u, err := url.Parse(c.URL.Reveal())
	switch { // it may hold a key, and is not shown
	case c.URL == "":
		p.wrong(path+".url", "must be where notices are sent to, such as ${SLACK_WEBHOOK}")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		p.wrong(path+".url", "must be an http or https URL")
	case u.User != nil:
		p.wrong(path+".url", "holds a user, whom the request would not name")
	}
	if c.Type == ChannelWebhook {
		p.signingSecret(path+".secret", c.Secret)
		if c.PreviousSecret != "" {
			p.signingSecret(path+".previousSecret", c.PreviousSecret)
		}
	}
}

func (p *parser) email(path string, c Channel) {
	if c.SMTP.Host == "" || strings.ContainsAny(c.SMTP.Host, ":/ ") {
		p.wrong(path+".smtp.host", "%q must be the name of a mail server, such as smtp.example.com; the port is apart", c.SMTP.Host)
	}
	if c.SMTP.Port > 65535 {
		p.wrong(path+".smtp.port", "%d is no port", c.SMTP.Port)
	}
	if !slices.Contains([]string{"", "starttls", "tls", "none"}, c.SMTP.TLS) {
		p.wrong(path+".smtp.tls", "%q must be starttls, tls or none", c.SMTP.TLS)
	}
	switch {
	case (c.SMTP.Username == "") != (c.SMTP.Password == ""):
		p.wrong(path+".smtp.username", "username and password go together")
	case c.SMTP.TLS == "none" && c.SMTP.Username != "":
		p.wrong(path+".smtp.tls", "a password is not sent in the clear: write starttls or tls")
	}
	p.mailbox(path+".from", c.From, "who the mail is from, such as Callboard <callboard@example.com>")
	if len(c.To) == 0 || len(c.To) > maxTo {
		p.wrong(path+".to", "must be from 1 to %d mailboxes", maxTo)
	}
	for i, to := range c.To {
		p.mailbox(fmt.Sprintf("%s.to[%d]", path, i), to, "a mailbox, such as payments@example.com")
	}
}

func (p *parser) mailbox(path, text, what string) {
	if _, err := mail.ParseAddress(text); err != nil {
		p.wrong(path, "%q must be %s", text, what)
	}
}
