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
	mu     sync.Mutex
	taken  []string // messages
	tos    []string
	secure []bool
	rcpt   error // what it says of mailboxes
	port   int

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
		o.Serve(l)
	}()
	o.listener = l
	t.Cleanup(func() { l.Close(); o.Close(); <-ended })
	return o
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

func (s *session) Reset()        {}
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
	if s.office.rcpt == nil {
		s.office.tos = append(s.office.tos, to)
	}
	return s.office.rcpt
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	_, secure := s.conn.TLSConnectionState()
	s.office.taken, s.office.secure = append(s.office.taken, string(b)), append(s.office.secure, secure)
	return nil
}

func (o *office) channel() *channels.Channel {
	m := channels.Mail{Host: "localhost", Port: o.port, TLS: channels.Clear, From: "Callboard <callboard@example.com>", To: []string{"bank@example.com", "lead@example.com"}}
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
		same(t, "to", []string{"bank@example.com", "lead@example.com"}, o.tos)
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
		{"no such mailbox", func(o *office, _ *channels.Channel) {
			o.rcpt = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
		}, subscribers.Refused},
		{"busy", func(o *office, _ *channels.Channel) {
			o.rcpt = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
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
