package main

import (
	"cmp"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// withSecret is a new source of a forge with a webhook secret, if it has none.
func withSecret(s config.Source) config.Source {
	if (s.Type == config.GitHub || s.Type == config.GitLab) && s.WebhookSecret == "" && s.SigningToken == "" {
		s.WebhookSecret = config.Secret(rand.Text())
	}
	return s
}

// changed is a source that was connected before, with other settings. What they leave
// out stays as it is, and so does what they cannot say; a secret that changes stays
// valid beside the new one. A source that is read elsewhere from now on is another,
// see [moved].
func changed(was, s config.Source) (config.Source, error) {
	if s.Type != was.Type || s.URL != "" && address(s) != address(was) {
		return moved(was, s)
	}
	if was.App != (config.App{}) && s.Token != "" {
		return was, fault.New(fault.Conflict, "source %s is connected as an App, and a token has no place beside it: disconnect it first, or connect under another name", was.Name)
	}
	if left := missing(was.Organizations, s.Organizations) + missing(was.Groups, s.Groups); left != "" {
		return was, fault.New(fault.Conflict, "source %s reads %s, which these settings leave out: name it, too, change what is read on the page of the source, or connect under another name", was.Name, left)
	}
	is := was
	is.Type, is.URL, is.Branch = s.Type, cmp.Or(s.URL, was.URL), cmp.Or(s.Branch, was.Branch)
	is.Token = cmp.Or(s.Token, was.Token)
	is.Poll, is.Reconcile, is.People = cmp.Or(s.Poll, was.Poll), cmp.Or(s.Reconcile, was.Reconcile), cmp.Or(s.People, was.People)
	is.Organizations, is.Groups = given(s.Organizations, was.Organizations), given(s.Groups, was.Groups)
	is.Repositories, is.Descriptors = given(s.Repositories, was.Repositories), given(s.Descriptors, was.Descriptors)
	is.WebhookSecret, is.PreviousSecret = secrets(s.WebhookSecret, was.WebhookSecret, was.PreviousSecret)
	is.SigningToken, is.PreviousSigningToken = secrets(s.SigningToken, was.SigningToken, was.PreviousSigningToken)
	return is, nil
}

// moved is a source that is read at another address. What it was let in with where it
// was is told to nobody there.
func moved(was, s config.Source) (config.Source, error) {
	if s.Token == "" && (was.Token != "" || was.App != (config.App{})) {
		return was, fault.New(fault.Invalid, "token: source %s is to be read at another address, and what it is let in with now is not sent there: give a token, too", was.Name)
	}
	if s = withSecret(s); s.WebhookSecret != "" {
		s.WebhookSecret, s.PreviousSecret = secrets(s.WebhookSecret, was.WebhookSecret, was.PreviousSecret)
	}
	if s.SigningToken != "" {
		s.SigningToken, s.PreviousSigningToken = secrets(s.SigningToken, was.SigningToken, was.PreviousSigningToken)
	}
	return s, nil
}

// address is where a source is read, also where its settings leave that out.
func address(s config.Source) string {
	public := map[string]string{config.GitHub: "https://api.github.com", config.GitLab: "https://gitlab.com"}[s.Type]
	return strings.TrimRight(cmp.Or(s.URL, public), "/")
}

// given is a list, or what was before if it is left out.
func given(list, was []string) []string {
	if len(list) == 0 {
		return was
	}
	return list
}

// missing is the first that was in a list and is not in the one that is given; "" if
// none is, or no list is given.
func missing(was, given []string) string {
	for _, one := range was {
		if len(given) > 0 && !slices.ContainsFunc(given, func(other string) bool { return strings.EqualFold(one, other) }) {
			return one
		}
	}
	return ""
}

// amended is a connected source with what a change says. The error is of kind
// fault.Conflict for what such a source cannot have.
func amended(was config.Source, c api.SourceChange) (config.Source, error) {
	is := was
	if c.ForgetPrevious {
		is.PreviousSecret, is.PreviousSigningToken = "", ""
	}
	rotates := c.RotateSecret || c.WebhookSecret != "" && config.Secret(c.WebhookSecret) != was.WebhookSecret
	switch {
	case was.App != (config.App{}) && c.Token != "":
		return was, fault.New(fault.Conflict, "source %s is connected as an App, and a token has no place beside it: disconnect it first, or connect under another name", was.Name)
	case rotates && is.PreviousSecret != "":
		return was, fault.New(fault.Conflict, "the secret before the present one of source %s is taken still: forget it first, once the webhook has the present one", was.Name)
	case c.RotateSecret && was.SigningToken != "":
		return was, fault.New(fault.Conflict, "what source %s is sent is signed with a token that GitLab makes: give the new one as signingToken", was.Name)
	}
	if c.RotateSecret {
		c.WebhookSecret = rand.Text()
	}
	is.WebhookSecret, is.PreviousSecret = secrets(config.Secret(c.WebhookSecret), is.WebhookSecret, is.PreviousSecret)
	is.SigningToken, is.PreviousSigningToken = secrets(config.Secret(c.SigningToken), is.SigningToken, is.PreviousSigningToken)
	is.Token = cmp.Or(config.Secret(c.Token), was.Token)
	for _, list := range []struct {
		of    *[]string
		given []string
	}{{&is.Organizations, c.Organizations}, {&is.Groups, c.Groups}, {&is.Repositories, c.Repositories}, {&is.Descriptors, c.Descriptors}} {
		if list.given != nil {
			*list.of = list.given
		}
	}
	if c.Branch != nil {
		is.Branch = *c.Branch
	}
	if c.Reconcile != nil {
		is.Reconcile = *c.Reconcile
	}
	if c.People != nil {
		is.People = config.Choice(strconv.FormatBool(*c.People))
	}
	if c.Poll != nil {
		if is.Poll = 0; *c.Poll != "" {
			if err := is.Poll.UnmarshalText([]byte(*c.Poll)); err != nil {
				return was, fault.New(fault.Invalid, "poll: %w", err)
			}
		}
	}
	return is, nil
}

// secrets are the one that counts and the one that does, too, once another is given.
func secrets(given, was, previous config.Secret) (now, before config.Secret) {
	if given == "" || given == was {
		return was, previous
	}
	return given, was
}
