package git

import (
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"

	"github.com/callboard/callboard/internal/fault"
)

// Remote is a repository and how to be let in.
type Remote struct {
	// URL is an http, https or ssh URL, user@host:path, or the path of a folder
	// on this machine. It holds no password.
	URL string
	// Token is sent as the password, over http and https; "" = none. Over ssh the
	// keys of the running agent are used, and known_hosts.
	Token string
	User  string // for the token; "" = "git", which most hosts take for any
}

// scp is how people write ssh addresses: user@host:path.
var scp = regexp.MustCompile(`^([\w.-]+@)?([\w.-]+):([^/\\].*|/.*)$`)

// CheckURL says what is wrong with the address of a repository; nil if nothing is.
func CheckURL(text string) error {
	if text == "" {
		return fault.New(fault.Invalid, "must name the repository: https://git.example.com/platform/catalog.git, ssh://git@git.example.com/platform/catalog.git or, in the configuration file, a folder")
	}
	if !strings.Contains(text, "://") {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return fault.New(fault.Invalid, "is no address that can be read")
	}
	switch u.Scheme {
	case "http", "https", "ssh":
		if u.Host == "" || strings.Trim(u.Path, "/") == "" {
			return fault.New(fault.Invalid, "names no repository: write https://git.example.com/platform/catalog.git")
		}
	case "file":
		if u.Path == "" {
			return fault.New(fault.Invalid, "names no folder")
		}
	default:
		return fault.New(fault.Invalid, "begins with %s://, which cannot be read: write an https or ssh address or, in the configuration file, a folder", u.Scheme)
	}
	if _, has := u.User.Password(); has {
		return fault.New(fault.Invalid, "holds a password, which would show on pages: give it as token")
	}
	return nil
}

// Local reports whether the repository is a folder of this machine.
func (r Remote) Local() bool {
	_, local := r.folder()
	return local
}

// folder returns the path of a repository on this machine; false if it is elsewhere.
func (r Remote) folder() (string, bool) {
	if scheme, p, ok := strings.Cut(r.URL, "://"); ok {
		return filepath.FromSlash(p), strings.EqualFold(scheme, "file")
	}
	return r.URL, filepath.IsAbs(r.URL) || !scp.MatchString(r.URL)
}

// address is the URL of the repository as others may see it.
func (r Remote) address() string {
	if dir, ok := r.folder(); ok {
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
		return "file:" + filepath.ToSlash(dir)
	}
	if m := scp.FindStringSubmatch(r.URL); m != nil && !strings.Contains(r.URL, "://") {
		return "ssh://" + m[1] + m[2] + "/" + strings.TrimPrefix(m[3], "/")
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return ""
	}
	if u.Scheme != "ssh" {
		u.User = nil
	}
	return strings.TrimRight(u.String(), "/")
}

// fullName is what people call the repository: "platform/catalog".
func (r Remote) fullName() string {
	address := r.address()
	name := strings.TrimSuffix(address, ".git")
	if strings.HasPrefix(address, "file:") {
		return path.Base(strings.TrimSuffix(name, "/"))
	}
	if u, err := url.Parse(name); err == nil {
		name = u.Path
	}
	return strings.Trim(name, "/")
}

// web is the address if a browser can open it; else "".
func (r Remote) web() string {
	if a := r.address(); strings.HasPrefix(a, "http") {
		return strings.TrimSuffix(a, ".git")
	}
	return ""
}

func (r Remote) auth() transport.AuthMethod {
	if r.Token == "" || !strings.HasPrefix(r.URL, "http") {
		return nil
	}
	user := r.User
	if u, err := url.Parse(r.URL); err == nil && user == "" {
		user = u.User.Username()
	}
	if user == "" {
		user = "git"
	}
	return &http.BasicAuth{Username: user, Password: r.Token}
}
