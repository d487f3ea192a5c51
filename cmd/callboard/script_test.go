package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/callboard/callboard/internal/demoforge"
)

// TestMain makes this test binary the `callboard` command of the stories.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"callboard": main})
}

// TestStories runs testdata/script/*.txtar: what a user does, against the real
// binary and a working Git host. Besides testscript's commands there are:
//
//	create PROVIDER REPO             make a repository
//	push [-to BRANCH] [-commits N] [-spread N] PROVIDER REPO LOGIN [FILE=FROM|-FILE ...]
//	                                 commit files of the script, delete others, and push; sets $HEAD.
//	                                 With -commits the files change in the first of N commits; with -spread
//	                                 each is written N times, with NUMBER in path and text replaced
//	deliver [forged|all] STATUS      send the last push's delivery to $URL, or all that the forge sends of it;
//	                                 the answer goes to the file answer
//	serve CONFIG [ARGS ...]          start the portal and wait until it is ready; sets $URL
//	crash                            kill -9 the portal
//	halt                             SIGTERM it; it must exit with 0
//	get [-wait N] STATUS PATH        GET $URL/PATH; the answer goes to the file answer, of a redirect where it leads
//	await PATH PATTERN               GET $URL/PATH until the answer matches
//	post [-token FILE] STATUS PATH   POST likewise
//	handled                          wait until the portal has handled all deliveries
//	burst N                          N pushes whose deliveries come at once, during which the portal is killed
//	flip FILE TEXT                   change one bit of the first place where a text stands in a file
//	track FOLDER                     make a folder a Git repository that keeps all that is in it
//	survived                         check the portal after a burst: see there
//	subscribe N                      start a subscriber, which does not answer the N-th request
//	killed                           kill -9 the portal when it waits for that answer
//	chat                             start a server that answers as Slack's webhooks do
//	told PATTERN                     wait until the chat was sent a message that matches
//	messages N                       check that the chat was sent N messages altogether
//	replicated                       check that the subscriber has all events, and the catalog
func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup:               setUpStory,
		Cmds:                storyCommands(),
	})
}

func storyCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"create": storyCommand((*story).create), "push": storyCommand((*story).push), "deliver": storyCommand((*story).deliver),
		"serve": storyCommand((*story).serve), "crash": storyCommand((*story).crash), "halt": storyCommand((*story).halt),
		"get": storyCommand((*story).get), "post": storyCommand((*story).post), "handled": storyCommand((*story).handled),
		"chat": storyCommand((*story).startChat), "told": storyCommand((*story).awaitTold), "messages": storyCommand((*story).messages),
		"subscribe": storyCommand((*story).subscribe), "killed": storyCommand((*story).killed), "replicated": storyCommand((*story).replicated),
		"await": storyCommand((*story).await), "flip": storyCommand((*story).flip), "burst": storyCommand((*story).burst), "survived": storyCommand((*story).survived),
		"track": storyCommand((*story).track),
	}
}

// story is what one script works with.
type story struct {
	forge  *demoforge.Forge
	last   demoforge.Delivery
	clock  time.Time // of the commits
	portal *exec.Cmd
	exited chan error
	acked  []string // deliveries that a burst had answered with 202
	head   string   // of the repository after a burst
	told   *toldStory
	chat   *chatStory
}

type storyKey struct{}

// storyWait bounds whatever a story waits for: only a broken portal needs it.
const storyWait = 60 * time.Second

func setUpStory(env *testscript.Env) error { return setUpStoryAt(env, demoforge.Options{}) }

// setUpStoryAt is setUpStory with a forge of its own kind.
func setUpStoryAt(env *testscript.Env, o demoforge.Options) error {
	service := demoforge.Service{Token: "forge-token", Secret: "hook-secret"}
	o.GitHub, o.GitLab = service, service
	forge, err := demoforge.Listen("127.0.0.1:0", o)
	if err != nil {
		return err
	}
	s := &story{forge: forge, clock: time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)}
	env.Values[storyKey{}] = s
	env.Setenv("GITHUB_API", forge.APIURL(demoforge.GitHub))
	env.Setenv("GITLAB_API", forge.APIURL(demoforge.GitLab))
	env.Setenv("FORGE_TOKEN", service.Token)
	env.Setenv("HOOK_SECRET", service.Secret)
	env.Defer(func() {
		if s.portal != nil {
			s.portal.Process.Kill() // it may have ended
			<-s.exited
		}
		forge.Close()
	})
	return nil
}

func storyCommand(do func(*story, *testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command cannot be negated")
		}
		do(ts.Value(storyKey{}).(*story), ts, args)
	}
}

func need(ts *testscript.TestScript, args []string, n int, usage string) {
	if len(args) < n {
		ts.Fatalf("usage: %s", usage)
	}
}

func (s *story) create(ts *testscript.TestScript, args []string) {
	need(ts, args, 2, "create PROVIDER REPO")
	_, err := s.forge.Create(demoforge.Provider(args[0]), args[1], demoforge.Settings{Created: s.clock})
	ts.Check(err)
}

// repository finds one by the name that it has now.
func (s *story) repository(ts *testscript.TestScript, provider, name string) *demoforge.Repository {
	for _, r := range s.forge.Repositories() {
		if string(r.Provider()) == provider && r.Name() == name {
			return r
		}
	}
	ts.Fatalf("there is no repository %s on %s: create it first", name, provider)
	return nil
}

// person is who has a login.
func person(login string) demoforge.Person {
	return demoforge.Person{Name: strings.ToUpper(login[:1]) + login[1:], Email: login + "@acme.example", Login: login}
}

func (s *story) push(ts *testscript.TestScript, args []string) {
	flags, args := parsePushFlags(ts, args)
	need(ts, args, 4, "push PROVIDER REPO LOGIN FILE=FROM ...")
	r, by := s.repository(ts, args[0], args[1]), person(args[2])
	s.clock = s.clock.Add(time.Minute)
	c := demoforge.Change{Author: by, Time: s.clock, Message: "Change " + strings.Join(args[3:], " "), Files: map[string]string{}}
	for _, f := range args[3:] {
		if path, ok := strings.CutPrefix(f, "-"); ok {
			c.Remove = append(c.Remove, path)
			continue
		}
		path, from, ok := strings.Cut(f, "=")
		if !ok {
			from = path
		}
		flags.write(&c, path, ts.ReadFile(from))
	}
	changes := []demoforge.Change{c}
	for n := range flags.commits - 1 {
		changes = append(changes, demoforge.Change{Author: by, Time: s.clock, Message: fmt.Sprint("Work ", n), Files: map[string]string{"work.md": fmt.Sprint(n)}})
	}
	d, err := r.Push(flags.branch, changes...)
	ts.Check(err)
	s.last = d
	ts.Setenv("HEAD", r.Head(flags.branch))
}

func (s *story) deliver(ts *testscript.TestScript, args []string) {
	need(ts, args, 1, "deliver [forged|all] STATUS")
	if args[0] == "all" {
		main := s.last
		for _, s.last = range append([]demoforge.Delivery{main}, main.Along...) {
			s.deliver(ts, args[1:])
		}
		s.last = main
		return
	}
	r, err := s.last.Request(context.Background(), ts.Getenv("URL")+"/hooks/"+string(s.last.Provider))
	ts.Check(err)
	if args[0] == "forged" {
		args = args[1:]
		for _, h := range []string{"X-Hub-Signature-256", "X-Gitlab-Token"} {
			if v := r.Header.Get(h); v != "" {
				r.Header.Set(h, strings.Map(rot, v))
			}
		}
	}
	s.answer(ts, r, args[0])
}

// rot changes every digit, so that what was right is wrong in the same form.
func rot(r rune) rune {
	if r >= '0' && r <= '9' {
		return '0' + (r-'0'+1)%10
	}
	if r >= 'a' && r <= 'e' {
		return r + 1
	}
	return r
}

// answer sends a request and keeps what was answered.
func (s *story) answer(ts *testscript.TestScript, r *http.Request, status string) {
	client := *http.DefaultClient
	redirected := strings.HasPrefix(status, "3")
	if redirected {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := client.Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if redirected {
		b = []byte(resp.Header.Get("Location") + "\n")
	}
	ts.Check(os.WriteFile(ts.MkAbs("answer"), b, 0o600))
	if strconv.Itoa(resp.StatusCode) != status {
		ts.Fatalf("%s %s answered %d, not %s: %s", r.Method, r.URL.Path, resp.StatusCode, status, b)
	}
}

func (s *story) serve(ts *testscript.TestScript, args []string) {
	need(ts, args, 1, "serve CONFIG [ARGS ...]")
	self, err := exec.LookPath("callboard")
	if err != nil {
		self = filepath.Join(strings.SplitN(ts.Getenv("PATH"), string(os.PathListSeparator), 2)[0], "callboard")
	}
	c := exec.Command(self, append([]string{"serve", "--config", args[0], "--listen", "127.0.0.1:0"}, args[1:]...)...) //nolint:gosec // the test binary
	c.Dir = ts.Getenv("WORK")
	for _, k := range []string{"PATH", "HOME", "GITHUB_API", "GITLAB_API", "FORGE_TOKEN", "HOOK_SECRET", "TESTSCRIPT_COMMAND", "FORGE", "SUBSCRIBER_URL", "SUBSCRIBER_SECRET", "SLACK_WEBHOOK"} {
		c.Env = append(c.Env, k+"="+ts.Getenv(k))
	}
	var stderr lockedBuffer
	c.Stderr = &stderr
	stdout, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	s.portal, s.exited = c, make(chan error, 1)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	go func() { s.exited <- c.Wait() }()
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "callboard: listening on ")
	if err != nil || !ok {
		ts.Fatalf("the portal did not start: %q, %v\n%s", line, err, stderr.String())
	}
	ts.Setenv("URL", url)
}

// lockedBuffer may be written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (s *story) flip(ts *testscript.TestScript, args []string) {
	need(ts, args, 2, "flip FILE TEXT")
	b := []byte(ts.ReadFile(args[0]))
	at := bytes.Index(b, []byte(args[1]))
	if at < 0 {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	b[at] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}

func (s *story) crash(ts *testscript.TestScript, _ []string) {
	ts.Check(s.portal.Process.Kill())
	<-s.exited
	s.portal = nil
}

func (s *story) halt(ts *testscript.TestScript, _ []string) {
	ts.Check(s.portal.Process.Signal(syscall.SIGTERM))
	err := <-s.exited
	s.portal = nil
	if err != nil {
		ts.Fatalf("the portal did not end well: %v", err)
	}
}

func (s *story) get(ts *testscript.TestScript, args []string)  { s.request(ts, http.MethodGet, args) }
func (s *story) post(ts *testscript.TestScript, args []string) { s.request(ts, http.MethodPost, args) }

func (s *story) request(ts *testscript.TestScript, method string, args []string) {
	header := http.Header{}
	var body io.Reader
	for len(args) > 2 {
		switch args[0] {
		case "-body":
			body = strings.NewReader(ts.ReadFile(args[1]))
		case "-wait":
			header.Set("Callboard-Wait-Position", args[1])
		case "-token":
			header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[1])))
		default:
			name, value, _ := strings.Cut(args[1], ":")
			header.Set(name, strings.TrimSpace(value))
		}
		args = args[2:]
	}
	need(ts, args, 2, "get [-wait N] STATUS PATH")
	r, err := http.NewRequestWithContext(context.Background(), method, ts.Getenv("URL")+args[1], body)
	ts.Check(err)
	r.Header = header
	if !strings.HasPrefix(args[1], "/api") {
		r.Header.Set("Accept", "text/html")
	}
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	s.answer(ts, r, args[0])
}
