package channels

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/subscribers"
)

// timeout is how long a server may take. The subscriber's own is longer.
const timeout = 15 * time.Second

// How the connection to a mail server is kept from others.
const (
	StartTLS = "starttls" // begun in the clear; what the server must offer
	Implicit = "tls"      // from the first byte
	Clear    = "none"     // not at all
)

// Mail is by which server, from whom and to whom.
type Mail struct {
	Host               string
	Port               int
	TLS                string // StartTLS, Implicit or Clear
	Username, Password string // none: nobody signs in
	From               string
	To                 []string
}

func (m Mail) address() string { return net.JoinHostPort(m.Host, strconv.Itoa(m.Port)) }

// post sends mail.
type post struct{ channel *Channel }

// Send sends one message to all.
func (p *post) Send(ctx context.Context, m subscribers.Message) subscribers.Answer {
	words, err := wordsOf(m.Records)
	if err != nil {
		return broken(err)
	}
	letter, err := p.letter(words, m)
	if err != nil {
		return broken(err)
	}
	client, err := p.client()
	if err != nil {
		return subscribers.Answer{Verdict: subscribers.Unavailable, Reason: err.Error()}
	}
	return judge(client.DialAndSendWithContext(ctx, letter))
}

func (p *post) client() (*mail.Client, error) {
	c := p.channel.Mail
	options := []mail.Option{
		mail.WithPort(c.Port), mail.WithTimeout(timeout),
		mail.WithTLSConfig(&tls.Config{ServerName: c.Host, RootCAs: p.channel.Roots, MinVersion: tls.VersionTLS12}),
	}
	if u, err := url.Parse(p.channel.URL); err == nil && u.Hostname() != "" && net.ParseIP(u.Hostname()) == nil {
		options = append(options, mail.WithHELO(u.Hostname()))
	}
	switch c.TLS {
	case Implicit:
		options = append(options, mail.WithSSL())
	case Clear:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.Username), mail.WithPassword(c.Password))
	}
	return mail.NewClient(c.Host, options...)
}

func (p *post) letter(w notices.Words, m subscribers.Message) (*mail.Msg, error) {
	letter := mail.NewMsg()
	if err := errors.Join(letter.From(p.channel.Mail.From), letter.To(p.channel.Mail.To...)); err != nil {
		return nil, fmt.Errorf("the addresses of the mail: %w", err)
	}
	letter.Subject(strings.Join(strings.Fields(cut(w.Headline)), " "))
	letter.SetDateWithValue(m.At)
	letter.SetMessageIDWithValue(m.ID + "@callboard") // a mailbox knows what comes twice
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(mail.TypeTextPlain, drawText(w))
	letter.AddAlternativeString(mail.TypeTextHTML, drawHTML(w))
	return letter, nil
}

// judge says what an error of a mail server means.
func judge(err error) subscribers.Answer {
	if err == nil {
		return subscribers.Answer{Verdict: subscribers.Delivered, Status: 250}
	}
	a := subscribers.Answer{Verdict: subscribers.Unavailable, Reason: "no answer: " + err.Error()}
	var sent *mail.SendError
	if !errors.As(err, &sent) {
		return a
	}
	a.Status = sent.ErrorCode()
	a.Reason = "the mail server does not take it: " + strings.TrimSpace(sent.Error())
	switch sent.Reason {
	case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose:
		if !sent.IsTemp() {
			a.Verdict = subscribers.Refused
		}
	}
	return a
}

// drawText writes words as plain text.
func drawText(w notices.Words) string {
	var b strings.Builder
	b.WriteString(w.Headline + ".\n" + w.Href + "\n")
	for _, l := range w.Lines {
		b.WriteString("\n- ")
		if l.Name != "" {
			b.WriteString(l.Name + " ")
		}
		b.WriteString(l.Text)
		if l.Who != "" {
			b.WriteString(" by " + l.Who)
		}
		if l.Commit != "" {
			b.WriteString(" in commit " + short(l.Commit))
		}
		b.WriteString("\n")
		for _, href := range []string{l.Href, l.CommitURL} {
			if outside(href) {
				b.WriteString("  " + href + "\n")
			}
		}
	}
	return b.String()
}

// drawHTML writes words as the same in HTML.
func drawHTML(w notices.Words) string {
	link := func(href, label string) string {
		if !outside(href) {
			return html.EscapeString(label)
		}
		return `<a href="` + html.EscapeString(href) + `">` + html.EscapeString(label) + `</a>`
	}
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html lang="en"><body><p><strong>` + link(w.Href, w.Headline) + `</strong></p>`)
	if len(w.Lines) > 0 {
		b.WriteString("<ul>")
		for _, l := range w.Lines {
			b.WriteString("<li>")
			if l.Name != "" {
				b.WriteString(link(l.Href, l.Name) + " ")
			}
			b.WriteString(html.EscapeString(l.Text))
			if l.Who != "" {
				b.WriteString(" by " + html.EscapeString(l.Who))
			}
			if l.Commit != "" {
				b.WriteString(" in commit " + link(l.CommitURL, short(l.Commit)))
			}
			b.WriteString("</li>")
		}
		b.WriteString("</ul>")
	}
	b.WriteString("</body></html>")
	return b.String()
}
