package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/demoforge"
)

// TestForgeStories runs testdata/script/forges/*.txtar once for each forge: what
// happens there, and what a user sees of it. $FORGE is its name, which the source
// has too; a line that begins with [github] or [gitlab] is that forge's alone. The
// portal knows of nothing but what is delivered, unless a script brings its own
// callboard.yaml, and covers acme and bank. Webhooks that are made through the API are
// sent theirs by themselves.
//
// Besides the commands of TestStories there is what somebody does at the forge.
// Each of these keeps what the forge sends of it, for deliver:
//
//	rename PROVIDER REPO LOGIN NAME          give a repository another full name
//	transfer PROVIDER REPO LOGIN OWNER       give it to another owner
//	archive, unarchive PROVIDER REPO LOGIN
//	remove PROVIDER REPO LOGIN               delete it
//	default PROVIDER REPO LOGIN BRANCH       make another branch the default one
//	visible PROVIDER REPO LOGIN WORD         make it public, internal or private
//	reset PROVIDER REPO LOGIN BRANCH SHA     point a branch at a commit; SHA none deletes it
//	tag PROVIDER REPO LOGIN TAG SHA          likewise
//	happens PROVIDER REPO LOGIN EVENT ACTION [NAME=VALUE ...]
//	                                         what the forge tells of and does not keep: runs, releases, alerts
//	group PROVIDER PATH LOGIN                make a team, or a group, "acme/platform"
//	ungroup PROVIDER PATH LOGIN              remove it
//	regroup PROVIDER PATH LOGIN NAME         give an organisation, or a group with all below it, another path
//	join PROVIDER PATH LOGIN                 become a member of an organisation, team or group
//	leave PROVIDER PATH LOGIN                be none any more
//	app install, select, suspend, resume, uninstall ORG [REPO ...]
//	                                         a GitHub App that sees these repositories, or all
//	propose PROVIDER REPO LOGIN BRANCH TITLE open a pull request of a branch that is there
//	closepull PROVIDER REPO LOGIN NUMBER     close one without merging it
//	readonly on|off                          nobody's token may set statuses or comment
//	fails STATUS PART                        the forge answers so, or with STATUS cut breaks off, whatever is asked
//	                                         of an address that has PART in it; fails never: no more
//
// And what a user looks at:
//
//	keep NAME PATTERN                        set $NAME to what the group in PATTERN matches in the file answer
//	recorded TYPE LOGIN [SUBJECT]            the newest event of this type has the last delivery as its cause and
//	                                         LOGIN as its actor, - for nobody; it goes to the file answer.
//	                                         Who wrote a commit GitLab knows by e-mail alone
//	status PROVIDER REPO BRANCH STATE PATTERN
//	                                         wait until our status of a branch's head is so, in GitHub's words, and what it
//	                                         says matches
//	commented PROVIDER REPO NUMBER TIMES PATTERN
//	                                         wait until there is one comment on a pull request that matches and was written
//	                                         so many times, or with TIMES 0 none
//	replayed                                 handle every delivery again, the newest first: nothing comes of it
func TestForgeStories(t *testing.T) {
	for _, p := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Dir:                 filepath.Join("testdata", "script", "forges"),
				RequireExplicitExec: true,
				Setup:               func(env *testscript.Env) error { return setUpForgeStory(env, p) },
				Condition:           func(forge string) (bool, error) { return forge == string(p), nil },
				Cmds:                forgeCommands(),
			})
		})
	}
}

// treeEntries is how many entries the forge of these stories lists of a tree before
// it cuts it short.
const treeEntries = 110

func setUpForgeStory(env *testscript.Env, p demoforge.Provider) error {
	if err := setUpStoryAt(env, demoforge.Options{TreeEntries: treeEntries, Background: true}); err != nil {
		return err
	}
	env.Setenv("FORGE", string(p))
	config := filepath.Join(env.WorkDir, "callboard.yaml")
	if _, err := os.Stat(config); err == nil {
		return nil
	}
	owners := map[demoforge.Provider]string{demoforge.GitHub: "organizations", demoforge.GitLab: "groups"}[p]
	return os.WriteFile(config, fmt.Appendf(nil,
		"data: data\nsources:\n  - {name: %s, type: %s, url: '${%s_API}', %s: [acme, bank], token: '${FORGE_TOKEN}', webhookSecret: '${HOOK_SECRET}', reconcile: never}\n",
		p, p, strings.ToUpper(string(p)), owners), 0o600)
}

// forgeCommands are all commands of these stories.
func forgeCommands() map[string]func(*testscript.TestScript, bool, []string) {
	all := storyCommands()
	all["keep"] = storyCommand((*story).keep)
	all["recorded"], all["replayed"] = storyCommand((*story).recorded), storyCommand((*story).replayed)
	all["readonly"], all["status"], all["commented"] = storyCommand((*story).readOnly), storyCommand((*story).status), storyCommand((*story).commented)
	all["app"], all["fails"] = storyCommand((*story).app), storyCommand((*story).fails)
	for name, do := range repositoryActs() {
		all[name] = storyCommand(func(s *story, ts *testscript.TestScript, args []string) {
			need(ts, args, 3, name+" PROVIDER REPO LOGIN ...")
			s.did(ts)(do(s.repository(ts, args[0], args[1]), person(args[2]), args[3:]))
		})
	}
	for name, do := range groupActs() {
		all[name] = storyCommand(func(s *story, ts *testscript.TestScript, args []string) {
			need(ts, args, 3, name+" PROVIDER PATH LOGIN")
			s.did(ts)(do(s.forge, demoforge.Provider(args[0]), args[1], person(args[2]), args[3:]))
		})
	}
	return all
}

// repositoryActs are what somebody does to a repository.
func repositoryActs() map[string]func(r *demoforge.Repository, by demoforge.Person, args []string) (demoforge.Delivery, error) {
	return map[string]func(*demoforge.Repository, demoforge.Person, []string) (demoforge.Delivery, error){
		"rename": func(r *demoforge.Repository, by demoforge.Person, args []string) (demoforge.Delivery, error) {
			return r.Rename(args[0], by)
		},
		"transfer": func(r *demoforge.Repository, by demoforge.Person, args []string) (demoforge.Delivery, error) {
			return r.Transfer(args[0], by)
		},
		"archive": func(r *demoforge.Repository, by demoforge.Person, _ []string) (demoforge.Delivery, error) {
			return r.Archive(by)
		},
		"unarchive": func(r *demoforge.Repository, by demoforge.Person, _ []string) (demoforge.Delivery, error) {
			return r.Unarchive(by)
		},
		"remove": func(r *demoforge.Repository, by demoforge.Person, _ []string) (demoforge.Delivery, error) {
			return r.Delete(by)
		},
		"default": func(r *demoforge.Repository, by demoforge.Person, args []string) (demoforge.Delivery, error) {
			return r.SetDefaultBranch(args[0], by)
		},
		"visible": func(r *demoforge.Repository, by demoforge.Person, args []string) (demoforge.Delivery, error) {
			return r.SetVisibility(args[0], by)
		},
		"reset": func(r *demoforge.Repository, by demoforge.Person, args []string) (demoforge.Delivery, error) {
			return r.Move(args[0], orZero(args[1]), by)
		},
		"tag": func(r *demoforge.Repository, by demoforge.Person, args []string) (demoforge.Delivery, error) {
			return r.Tag(args[0], orZero(args[1]), by)
		},
		"happens": happens,
		"propose": func(r *demoforge.Repository, by demoforge.Person, args []string) (demoforge.Delivery, error) {
			return r.Propose(demoforge.PullRequest{Branch: args[0], Title: args[1], By: by})
		},
		"closepull": func(r *demoforge.Repository, _ demoforge.Person, args []string) (demoforge.Delivery, error) {
			number, err := strconv.Atoi(args[0])
			if err != nil {
				return demoforge.Delivery{}, err
			}
			return r.ClosePull(number)
		},
	}
}

// orZero is the SHA that a script means.
func orZero(sha string) string {
	if sha == "none" {
		return strings.Repeat("0", 40)
	}
	return sha
}

// happens has the forge tell of something that it does not keep.
func happens(r *demoforge.Repository, by demoforge.Person, args []string) (demoforge.Delivery, error) {
	a := demoforge.Activity{Event: args[0], Action: args[1], By: by}
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		field := map[string]*string{
			"title": &a.Title, "branch": &a.Branch, "tag": &a.Tag, "environment": &a.Environment, "state": &a.State, "severity": &a.Severity,
		}[name]
		if field == nil {
			return demoforge.Delivery{}, fmt.Errorf("nothing that happens has a %s", name)
		}
		*field = value
	}
	return r.Emit(a)
}

// groupActs are what is done to teams and groups, and who is in them.
func groupActs() map[string]func(f *demoforge.Forge, p demoforge.Provider, path string, who demoforge.Person, args []string) (demoforge.Delivery, error) {
	return map[string]func(*demoforge.Forge, demoforge.Provider, string, demoforge.Person, []string) (demoforge.Delivery, error){
		"group": func(f *demoforge.Forge, p demoforge.Provider, path string, _ demoforge.Person, _ []string) (demoforge.Delivery, error) {
			if org, slug, ok := strings.Cut(path, "/"); ok && p == demoforge.GitHub {
				return f.AddTeam(demoforge.Team{Org: org, Slug: slug})
			}
			return f.AddOwner(p, path, demoforge.OwnerSettings{})
		},
		"ungroup": func(f *demoforge.Forge, p demoforge.Provider, path string, _ demoforge.Person, _ []string) (demoforge.Delivery, error) {
			if org, slug, ok := strings.Cut(path, "/"); ok && p == demoforge.GitHub {
				return f.RemoveTeam(org, slug)
			}
			return f.RemoveOwner(p, path)
		},
		"regroup": func(f *demoforge.Forge, p demoforge.Provider, path string, _ demoforge.Person, args []string) (demoforge.Delivery, error) {
			return f.RenameOwner(p, path, args[0])
		},
		"join": func(f *demoforge.Forge, p demoforge.Provider, path string, who demoforge.Person, _ []string) (demoforge.Delivery, error) {
			if org, slug, ok := strings.Cut(path, "/"); ok && p == demoforge.GitHub {
				return f.AddToTeam(org, slug, who, "member")
			}
			role := map[demoforge.Provider]string{demoforge.GitHub: "member", demoforge.GitLab: "developer"}[p]
			return f.AddMember(p, path, who, role)
		},
		"leave": func(f *demoforge.Forge, p demoforge.Provider, path string, who demoforge.Person, _ []string) (demoforge.Delivery, error) {
			if org, slug, ok := strings.Cut(path, "/"); ok && p == demoforge.GitHub {
				return f.RemoveFromTeam(org, slug, who)
			}
			return f.RemoveMember(p, path, who)
		},
	}
}

// app does something with the one GitHub App of a story.
func (s *story) app(ts *testscript.TestScript, args []string) {
	need(ts, args, 2, "app ACTION ORG [REPO ...]")
	apps := s.forge.Apps()
	if len(apps) == 0 {
		a, err := s.forge.AddApp(demoforge.AppSettings{Name: "Callboard", Secret: ts.Getenv("HOOK_SECRET")})
		ts.Check(err)
		apps = append(apps, a)
	}
	a, org := apps[0], args[1]
	var only []*demoforge.Repository
	for _, name := range args[2:] {
		only = append(only, s.repository(ts, string(demoforge.GitHub), name))
	}
	switch args[0] {
	case "install":
		_, d, err := a.Install(org, only...)
		s.did(ts)(d, err)
	case "select":
		s.did(ts)(a.Select(org, only...))
	case "suspend", "resume":
		s.did(ts)(a.Suspend(org, args[0] == "suspend"))
	case "uninstall":
		s.did(ts)(a.Uninstall(org))
	default:
		ts.Fatalf("an app does not %s", args[0])
	}
}

// fails has the forge answer wrongly.
func (s *story) fails(ts *testscript.TestScript, args []string) {
	need(ts, args, 1, "fails STATUS PART")
	if args[0] == "never" {
		s.forge.SetFaults(nil)
		return
	}
	need(ts, args, 2, "fails STATUS PART")
	fault := demoforge.Fault{Cut: args[0] == "cut"}
	if !fault.Cut {
		var err error
		fault.Status, err = strconv.Atoi(args[0])
		ts.Check(err)
	}
	s.forge.SetFaults(func(r *http.Request) demoforge.Fault {
		if strings.Contains(r.URL.Path, args[1]) {
			return fault
		}
		return demoforge.Fault{}
	})
}

// did keeps what the forge sends of what was done.
func (s *story) did(ts *testscript.TestScript) func(demoforge.Delivery, error) {
	return func(d demoforge.Delivery, err error) {
		ts.Check(err)
		s.last = d
	}
}

func (s *story) await(ts *testscript.TestScript, args []string) {
	need(ts, args, 2, "await PATH PATTERN")
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(storyWait)
	for {
		s.request(ts, http.MethodGet, []string{"200", args[0]})
		answer := ts.ReadFile("answer")
		if pattern.MatchString(answer) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%s never answered %s: %s", args[0], args[1], answer)
		}
	}
}

func (s *story) keep(ts *testscript.TestScript, args []string) {
	need(ts, args, 2, "keep NAME PATTERN")
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	found := pattern.FindStringSubmatch(ts.ReadFile("answer"))
	if len(found) != 2 {
		ts.Fatalf("the answer has no %s: %s", args[1], ts.ReadFile("answer"))
	}
	ts.Setenv(args[0], found[1])
}

// recordJSON is an event as the API answers it.
type recordJSON struct {
	Subject          string
	Time, RecordedAt time.Time
	Actor            event.Actor
	Cause            event.Cause
}

func (s *story) recorded(ts *testscript.TestScript, args []string) {
	need(ts, args, 2, "recorded TYPE LOGIN [SUBJECT]")
	var page struct{ Items []json.RawMessage }
	s.getJSON(ts, "/api/history/events?limit=1&type="+args[0], &page)
	if len(page.Items) == 0 {
		ts.Fatalf("there is no event of type %s", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs("answer"), page.Items[0], 0o600))
	var e recordJSON
	ts.Check(json.Unmarshal(page.Items[0], &e))
	causes := []string{string(s.last.Provider) + ":" + s.last.ID}
	for _, a := range s.last.Along {
		causes = append(causes, string(a.Provider)+":"+a.ID)
	}
	switch who := e.Actor; {
	case !slices.Contains(causes, e.Cause.Delivery):
		ts.Fatalf("its cause is not the last delivery, %s: %s", causes, page.Items[0])
	case args[1] == "-" && who != (event.Actor{}), args[1] != "-" && who.Login != args[1] && (who.Login != "" || who.Email != person(args[1]).Email):
		ts.Fatalf("it was not %s: %s", args[1], page.Items[0])
	case e.Time.IsZero() || e.Time.After(e.RecordedAt):
		ts.Fatalf("it was true at no time, or before it was known: %s", page.Items[0])
	case len(args) > 2 && e.Subject != args[2]:
		ts.Fatalf("it is not about %s: %s", args[2], page.Items[0])
	}
}

// replayed shows that deliveries are hints: all of them once more, and in another
// order, say nothing new. That somebody asked for it is on record, and nothing else.
func (s *story) replayed(ts *testscript.TestScript, _ []string) {
	s.handled(ts, nil)
	before, entities := s.events(ts), s.body(ts, "/api/catalog/entities")
	var all struct {
		Items      []struct{ ID, Status string }
		TotalItems int
	}
	s.getJSON(ts, "/api/deliveries?limit=500", &all)
	if len(all.Items) == 0 || len(all.Items) < all.TotalItems {
		ts.Fatalf("%d of %d deliveries are listed", len(all.Items), all.TotalItems)
	}
	for _, d := range all.Items {
		s.post(ts, []string{"-token", "data/token", "202", "/api/deliveries/" + d.ID + "/replay"})
	}
	s.handled(ts, nil)
	if after := s.events(ts); after != before+len(all.Items) {
		ts.Fatalf("%d deliveries were handled again, and there are %d events instead of %d: %s", len(all.Items), after, before, s.body(ts, "/api/history/events?limit=5"))
	}
	if after := s.body(ts, "/api/catalog/entities"); after != entities {
		ts.Fatalf("%d deliveries were handled again, and the catalog is\n%s\ninstead of\n%s", len(all.Items), after, entities)
	}
	var failed struct {
		Items []struct{ ID, Error string }
	}
	s.getJSON(ts, "/api/deliveries?status=failed", &failed)
	if len(failed.Items) > 0 {
		ts.Fatalf("when they were handled again, some failed: %v", failed.Items)
	}
}

func (s *story) events(ts *testscript.TestScript) int {
	var page struct{ TotalItems int }
	s.getJSON(ts, "/api/history/events?limit=1", &page)
	return page.TotalItems
}

func (s *story) body(ts *testscript.TestScript, path string) string {
	s.get(ts, []string{"200", path})
	return ts.ReadFile("answer")
}

// flags of push.
type pushFlags struct {
	branch  string
	commits int // of the push; the files change in the first
	spread  int // how often each file is written; 0: once, as it is
}

func parsePushFlags(ts *testscript.TestScript, args []string) (pushFlags, []string) {
	f := pushFlags{branch: "main", commits: 1}
	for len(args) > 1 && strings.HasPrefix(args[0], "-") {
		var err error
		switch args[0] {
		case "-to":
			f.branch = args[1]
		case "-commits":
			f.commits, err = strconv.Atoi(args[1])
		case "-spread":
			f.spread, err = strconv.Atoi(args[1])
		default:
			ts.Fatalf("push has no %s", args[0])
		}
		ts.Check(err)
		args = args[2:]
	}
	return f, args
}

// write adds a file to a change, or as many as it is spread over, with NUMBER
// replaced in each path and text.
func (f pushFlags) write(c *demoforge.Change, path, text string) {
	if f.spread == 0 {
		c.Files[path] = text
		return
	}
	for i := range f.spread {
		n := strings.NewReplacer("NUMBER", fmt.Sprintf("%03d", i))
		c.Files[n.Replace(path)] = n.Replace(text)
	}
}
