package main

import (
	"context"
	"regexp"
	"strconv"

	gogit "github.com/go-git/go-git/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/callboard/callboard/ingest"
)

// readOnly has the forge's token read only, or write again.
func (s *story) readOnly(ts *testscript.TestScript, args []string) {
	need(ts, args, 1, "readonly on|off")
	s.forge.SetReadOnly(args[0] == "on")
}

// status waits until our status of a branch's head is so.
func (s *story) status(ts *testscript.TestScript, args []string) {
	need(ts, args, 5, "status PROVIDER REPO BRANCH STATE PATTERN")
	r := s.repository(ts, args[0], args[1])
	state, pattern := args[3], regexp.MustCompile(args[4])
	if args[0] == "gitlab" && state == "failure" {
		state = "failed"
	}
	found, err := until(context.Background(), storyWait, func(context.Context) (bool, error) {
		all := r.Statuses(r.Head(args[2]))
		return len(all) == 1 && all[0].Context == ingest.StatusName && all[0].State == state && pattern.MatchString(all[0].Description), nil
	})
	if ts.Check(err); !found {
		ts.Fatalf("%s of %s never was %s with %s: %+v", args[2], args[1], state, pattern, r.Statuses(r.Head(args[2])))
	}
	ts.Setenv("PAGE", r.Statuses(r.Head(args[2]))[0].TargetURL)
}

// commented waits until there is one comment that was written so often.
func (s *story) commented(ts *testscript.TestScript, args []string) {
	need(ts, args, 4, "commented PROVIDER REPO NUMBER TIMES [PATTERN]")
	r := s.repository(ts, args[0], args[1])
	number, err := strconv.Atoi(args[2])
	ts.Check(err)
	times, err := strconv.Atoi(args[3])
	ts.Check(err)
	if times == 0 {
		if all := r.Comments(number); len(all) > 0 {
			ts.Fatalf("pull request %d of %s has comments: %+v", number, args[1], all)
		}
		return
	}
	pattern := regexp.MustCompile("(?s)" + args[4])
	found, err := until(context.Background(), storyWait, func(context.Context) (bool, error) {
		all := r.Comments(number)
		return len(all) == 1 && all[0].Edits == times-1 && pattern.MatchString(all[0].Text), nil
	})
	if ts.Check(err); !found {
		ts.Fatalf("pull request %d of %s never had %s, written %d times: %+v", number, args[1], pattern, times, r.Comments(number))
	}
}

// track makes a folder a Git repository that keeps all that is in it.
func (s *story) track(ts *testscript.TestScript, args []string) {
	need(ts, args, 1, "track FOLDER")
	repo, err := gogit.PlainInit(ts.MkAbs(args[0]), false)
	ts.Check(err)
	tree, err := repo.Worktree()
	ts.Check(err)
	ts.Check(tree.AddGlob("."))
}
