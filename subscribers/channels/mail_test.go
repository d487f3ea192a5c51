package channels_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/callboard/callboard/subscribers"
	"github.com/callboard/callboard/subscribers/channels"
)

// removeAll deletes a file of SQLite and what is beside it.
func removeAll(path string) error {
	return errors.Join(os.Remove(path), os.RemoveAll(path+"-wal"), os.RemoveAll(path+"-shm"))
}

// office is a mail server.
type office struct {
	*smtp.Server
	mu      sync.Mutex
	taken   []string         // messages
	tos     []string         // whom they are for, of all messages
	secure  []bool           // whether they came so
	refuses map[string]error // what it says of mailboxes
	data    error            // what it says of messages
	hangsUp string           // the command that it answers by hanging up
	port    int

	listener net.Listener
	roots    *x509.CertPool
}

const user, password = "callboard", "a password"

func newOffice(t *testing.T, encrypted bool) *office {
	t.Helper()
	o := &office{}
	o.Server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{office: o, conn: c}, nil }))
	o.Domain = "localhost"
	if encrypted {
		o.TLSConfig, o.roots = certificate(t)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if o.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		o.Serve(line{l, o})
	}()
	o.listener = l
	t.Cleanup(func() { l.Close(); o.Close(); <-ended })
	return o
}

// line hears what is sent to an office in the clear.
type line struct {
	net.Listener
	office *office
}

func (l line) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return call{c, l.office}, err
}

type call struct {
	net.Conn
	office *office
}

func (c call) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	if at := c.office.hangsUp; at != "" && strings.HasPrefix(string(b[:n]), at) {
		c.Close()
		return 0, io.EOF
	}
	return n, err
}

// say has an office say something of mailboxes; nil is that it takes what is for them.
func (o *office) say(err error, mailboxes ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuses = map[string]error{}
	for _, to := range mailboxes {
		o.refuses[to] = err
	}
}

// hangUpAt has an office answer a command by hanging up; empty is none.
func (o *office) hangUpAt(command string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hangsUp = command
}

// certificate makes one for this machine, and what trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, roots
}

type session struct {
	office *office
	conn   *smtp.Conn
	signed bool
	tos    []string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, word string) error {
		if name != user || word != password {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) Reset()        { s.tos = nil }
func (s *session) Logout() error { return nil }

func (s *session) Mail(string, *smtp.MailOptions) error {
	if s.office.TLSConfig != nil && !s.signed {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	if err := s.office.refuses[to]; err != nil {
		return err
	}
	s.tos = append(s.tos, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	if s.office.data != nil {
		return s.office.data
	}
	_, secure := s.conn.TLSConnectionState()
	s.office.tos = append(s.office.tos, s.tos...)
	s.office.taken, s.office.secure = append(s.office.taken, string(b)), append(s.office.secure, secure)
	return nil
}

// The mailboxes of the channel.
const bank, lead = "bank@example.com", "lead@example.com"

var (
	noMailbox = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	notNow    = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
)

func (o *office) channel() *channels.Channel {
	m := channels.Mail{Host: "localhost", Port: o.port, TLS: channels.Clear, From: "Callboard <callboard@example.com>", To: []string{bank, "Lead <" + lead + ">"}}
	if o.TLSConfig != nil {
		m.TLS, m.Username, m.Password = channels.StartTLS, user, password
	}
	return &channels.Channel{Name: "mail", Way: channels.Email, Mail: m}
}

// told sends one drop.
func (o *office) told(t *testing.T, c *channels.Channel) *world {
	t.Helper()
	w := newWorld(t)
	w.options.Roots = o.roots
	w.own("payments", "bank")
	w.serve(c)
	w.fall("payments")
	w.pass(grace + time.Second)
	return w
}

// A mail goes out under TLS, after signing in, to all, once, in text and HTML.
func TestMail(t *testing.T) {
	for _, encrypted := range []bool{true, false} {
		o := newOffice(t, encrypted)
		o.told(t, o.channel())
		if len(o.taken) != 1 || o.secure[0] != encrypted {
			t.Fatalf("%d mails, encrypted %v, want %v", len(o.taken), o.secure, encrypted)
		}
		same(t, "to", []string{bank, lead}, o.tos)
		m, err := mail.ReadMessage(strings.NewReader(o.taken[0]))
		if err != nil {
			t.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "subject", "payments fell from Silver to Bronze on Readiness", subject)
		if !strings.HasSuffix(m.Header.Get("Message-Id"), "@callboard>") || m.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("headers: %v", m.Header)
		}
		_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		parts := multipart.NewReader(m.Body, params["boundary"])
		want := []string{
			"payments fell from Silver to Bronze on Readiness.\nhttps://callboard.example.com/catalog/default/component/payments/scorecards\n\n" +
				"- “Has CODEOWNERS” fails (No CODEOWNERS on <main>) by saltmarsh in commit 4f2a91c\n  https://git.example.com/commit/4f2a91c7e0\n",
			`<!DOCTYPE html><html lang="en"><body><p><strong><a href="https://callboard.example.com/catalog/default/component/payments/scorecards">payments fell from Silver to Bronze on Readiness</a></strong></p>` +
				`<ul><li>“Has CODEOWNERS” fails (No CODEOWNERS on &lt;main&gt;) by saltmarsh in commit <a href="https://git.example.com/commit/4f2a91c7e0">4f2a91c</a></li></ul></body></html>`,
		}
		for _, says := range want {
			p, err := parts.NextRawPart()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(quotedprintable.NewReader(p))
			if err != nil {
				t.Fatal(err)
			}
			same(t, p.Header.Get("Content-Type"), says, strings.ReplaceAll(string(b), "\r\n", "\n"))
		}
	}
}

// What a mail server says decides what becomes of a notice; nothing of it is the password.
func TestMailRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*office, *channels.Channel)
		want   subscribers.Verdict
	}{
		{"no such mailboxes", func(o *office, _ *channels.Channel) { o.say(noMailbox, bank, lead) }, subscribers.Refused},
		{"busy", func(o *office, _ *channels.Channel) { o.say(notNow, bank, lead) }, subscribers.Unavailable},
		{"one of each", func(o *office, _ *channels.Channel) { o.say(notNow, bank); o.refuses[lead] = noMailbox }, subscribers.Unavailable},
		{"what it says", func(o *office, _ *channels.Channel) {
			o.data = &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "looks like junk"}
		}, subscribers.Refused},
		{"what it says, maybe", func(o *office, _ *channels.Channel) { o.data = notNow }, subscribers.Unavailable},
		{"it shuts down", func(o *office, _ *channels.Channel) {
			o.say(&smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "shutting down"}, lead)
		}, subscribers.Unavailable},
		{"wrong password", func(_ *office, c *channels.Channel) { c.Mail.Password = "a wrong word" }, subscribers.Unavailable},
		{"nobody signs in", func(_ *office, c *channels.Channel) { c.Mail.Username = "" }, subscribers.Unavailable},
		{"nobody trusts it", func(o *office, _ *channels.Channel) { o.roots = x509.NewCertPool() }, subscribers.Unavailable},
		{"not there", func(o *office, _ *channels.Channel) { o.listener.Close() }, subscribers.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t, true)
			channel := o.channel()
			c.change(o, channel)
			w := o.told(t, channel)
			attempts, err := w.worker("mail").Attempts(t.Context(), 1)
			if err != nil || len(attempts) != 1 || attempts[0].Verdict != c.want || attempts[0].Reason == "" {
				t.Fatalf("%+v, %v", attempts, err)
			}
			if strings.Contains(attempts[0].Reason, password) || strings.Contains(attempts[0].Reason, "a wrong word") {
				t.Errorf("it says %s", attempts[0].Reason)
			}
			if len(o.taken) > 0 {
				t.Error("it was taken")
			}
		})
	}
}

// A server that offers no TLS is not told a password, nor anything else.
func TestMailWithoutTLS(t *testing.T) {
	o := newOffice(t, false)
	c := o.channel()
	c.Mail.TLS = channels.StartTLS
	w := o.told(t, c)
	if s := w.state("mail"); s.Status != subscribers.Failing || len(o.taken) > 0 {
		t.Errorf("it is %+v", s)
	}
}

// A mail that the server took is not sent again because it hung up afterwards.
func TestMailHungUp(t *testing.T) {
	for _, at := range []string{"QUIT", "RSET"} {
		t.Run(at, func(t *testing.T) {
			o := newOffice(t, false)
			o.hangUpAt(at)
			w := o.told(t, o.channel())
			w.pass(time.Hour)
			if s := w.state("mail"); s.Status != subscribers.Current || len(o.taken) != 1 {
				t.Errorf("%d mails, and it is %+v", len(o.taken), s)
			}
		})
	}
}

// letters are the reasons of dead letters.
func (w *world) letters() []string {
	w.t.Helper()
	all, err := w.worker("mail").Letters(w.t.Context(), 0, 10)
	if err != nil {
		w.t.Fatal(err)
	}
	var says []string
	for _, l := range all {
		says = append(says, l.Subject+": "+l.Reason)
	}
	return says
}

// A mailbox that is none keeps nothing from the others, and these are sent nothing again
// when it is there.
func TestMailboxGone(t *testing.T) {
	o := newOffice(t, false)
	o.say(noMailbox, lead)
	w := o.told(t, o.channel())
	w.own("ledger", "bank")
	w.pass(3 * time.Hour)
	w.fall("ledger")
	w.pass(grace + time.Second)
	same(t, "to", []string{bank, bank}, o.tos)
	const reason = "the mail server does not take it: lead@example.com: 550 \"5.1.1 no such mailbox\" (1 of the mailboxes have it)"
	same(t, "dead letters", []string{"component:default/payments: " + reason, "component:default/ledger: " + reason}, w.letters())
	if s := w.state("mail"); s.Status != subscribers.Current || s.Delivered.IsZero() {
		t.Errorf("it is %+v", s)
	}
	if done, err := w.worker("mail").Redeliver(t.Context()); err != nil || done.Failed == nil {
		t.Errorf("sent again in vain: %+v, %v", done, err)
	}
	o.say(nil)
	if done, err := w.worker("mail").Redeliver(t.Context()); err != nil || done.Delivered != 2 || done.Left != 0 {
		t.Errorf("sent again: %+v, %v", done, err)
	}
	same(t, "to, then", []string{bank, bank, lead, lead}, o.tos)
}

// A mailbox that puts off is tried again, without the others, whatever happens meanwhile.
func TestMailboxLater(t *testing.T) {
	o := newOffice(t, false)
	o.say(notNow, lead)
	w := o.told(t, o.channel())
	if s := w.state("mail"); s.Status != subscribers.Failing || s.GivesUp.Sub(w.now) > time.Hour {
		t.Errorf("it is %+v", s)
	}
	w.stop() // the portal is started again
	w.start()
	w.options.Notices = w.notices
	w.serve(o.channel())
	w.pass(5 * time.Minute)
	o.hangUpAt("MAIL") // and the server has to be
	w.pass(5 * time.Minute)
	o.hangUpAt("")
	o.say(nil)
	w.pass(10 * time.Minute)
	same(t, "to", []string{bank, lead}, o.tos)
	same(t, "dead letters", []string(nil), w.letters())
	if s := w.state("mail"); s.Status != subscribers.Current {
		t.Errorf("it is %+v", s)
	}
}

// One that puts off for longer is not waited for.
func TestMailboxNever(t *testing.T) {
	o := newOffice(t, false)
	o.say(notNow, lead)
	w := o.told(t, o.channel())
	w.own("cart", "shop")
	w.fall("cart")
	for range 12 {
		w.pass(5 * time.Minute)
	}
	if got := w.letters(); len(got) == 0 || !strings.Contains(got[0], "lead@example.com: 451") {
		t.Errorf("dead letters: %q", got)
	}
	same(t, "to", []string{bank, bank}, o.tos)
}
