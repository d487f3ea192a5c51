package channels

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"net"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

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

// Send sends one message to all mailboxes that do not have it.
func (p *post) Send(ctx context.Context, m subscribers.Message) subscribers.Answer {
	words, err := wordsOf(m.Records)
	if err != nil {
		return broken(err)
	}
	letter, err := p.letter(words, m)
	if err != nil {
		return broken(err)
	}
	mailboxes, err := letter.GetRecipients()
	if err != nil {
		return broken(err)
	}
	left := slices.DeleteFunc(mailboxes, func(to string) bool { return slices.Contains(m.Done, to) })
	if len(left) == 0 { // who did not take it is none of the channel's any more
		return delivered()
	}
	client, err := p.client()
	if err != nil {
		return subscribers.Answer{Verdict: subscribers.Unavailable, Reason: err.Error()}
	}
	server, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return noAnswer(err)
	}
	defer p.hangUp(ctx, server)
	return handOver(server, letter, left).answer(m.Done)
}

// hangUp ends the conversation. What was taken is taken, however the server does that.
func (p *post) hangUp(ctx context.Context, server *smtp.Client) {
	if err := server.Quit(); err != nil {
		err = errors.Join(err, server.Close()) // which Quit does otherwise
		p.channel.Logger.InfoContext(ctx, "a mail server hung up before it was to", "channel", p.channel.Name, "error", err)
	}
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

// handed is what a mail server said of a letter.
type handed struct {
	taken []string // mailboxes that have it now
	never []error  // why others are not to have it, ever
	later []error  // or not now
	err   error    // why nobody has it, if that is due to the server
}

// handOver gives a letter to a server, once for all mailboxes that it knows. go-mail's own
// way to send takes none if it takes one not, and fails if the server hangs up after it
// took all.
func handOver(server *smtp.Client, letter *mail.Msg, mailboxes []string) (h handed) {
	from, err := letter.GetSender(false)
	if err != nil {
		return handed{never: []error{err}}
	}
	if err := errors.Join(server.UpdateDeadline(timeout), server.Mail(from)); err != nil {
		return handed{err: err}
	}
	for _, to := range mailboxes {
		if err := server.Rcpt(to); err == nil {
			h.taken = append(h.taken, to)
		} else if h.refuse(fmt.Errorf("%s: %w", strings.Trim(to, "<>"), err)); h.err != nil {
			return h
		}
	}
	if len(h.taken) == 0 {
		return h
	}
	if err := write(server, letter); err != nil {
		h.taken = nil
		h.refuse(err)
	}
	return h
}

// refuse has an error count as what it is.
func (h *handed) refuse(err error) {
	switch code := codeOf(err); {
	case code == 0 || code == codeClosing:
		h.err, h.taken = err, nil
	case code >= leastRefusal:
		h.never = append(h.never, err)
	default:
		h.later = append(h.later, err)
	}
}

func write(server *smtp.Client, letter *mail.Msg) error {
	w, err := server.Data()
	if err != nil {
		return err
	}
	if _, err := letter.WriteTo(w); err != nil {
		return errors.Join(err, server.Close()) // to close the writer would send what there is of it
	}
	return w.Close()
}

const (
	codeClosing  = 421 // the server hangs up
	leastRefusal = 500 // what a server says from here on it will say again
)

// codeOf is the code of what a mail server answered; 0 if it did not answer.
func codeOf(err error) int {
	var said *textproto.Error
	if errors.As(err, &said) {
		return said.Code
	}
	return 0
}

// answer says what became of a message that some had before.
func (h handed) answer(had []string) subscribers.Answer {
	if h.err != nil && codeOf(h.err) == 0 {
		return noAnswer(h.err)
	}
	says := errors.Join(append(slices.Clone(h.later), h.never...)...)
	if h.err != nil {
		says = h.err
	}
	if says == nil {
		return delivered()
	}
	a := subscribers.Answer{
		Verdict: subscribers.Refused, Status: codeOf(says), Done: slices.Concat(had, h.taken), Later: len(h.later) > 0,
		Reason: "the mail server does not take it: " + strings.ReplaceAll(strings.TrimSpace(says.Error()), "\n", "; "),
	}
	if n := len(a.Done); n > 0 {
		a.Reason += fmt.Sprintf(" (%d of the mailboxes have it)", n)
	}
	if h.err != nil || a.Later && len(a.Done) == 0 {
		a.Verdict = subscribers.Unavailable
	}
	return a
}

func delivered() subscribers.Answer {
	return subscribers.Answer{Verdict: subscribers.Delivered, Status: 250}
}

func noAnswer(err error) subscribers.Answer {
	return subscribers.Answer{Verdict: subscribers.Unavailable, Reason: "no answer: " + err.Error()}
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
