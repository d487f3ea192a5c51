package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
)

// SourceSettings are the settings of a source that is to be connected, with the
// keys of the configuration file. Secrets go in and never come out.
type SourceSettings struct {
	Name          string   `json:"name"`
	Type          string   `json:"type"` // "github", "gitlab" or "git"
	URL           string   `json:"url"`
	Branch        string   `json:"branch"` // git
	Poll          string   `json:"poll"`   // git; "5m"
	Token         string   `json:"token"`
	WebhookSecret string   `json:"webhookSecret"`
	SigningToken  string   `json:"signingToken"`
	Organizations []string `json:"organizations"`
	Groups        []string `json:"groups"`
	Repositories  []string `json:"repositories"`
	Descriptors   []string `json:"descriptors"`
	Reconcile     string   `json:"reconcile"`
	People        *bool    `json:"people"` // nil: if organizations or groups are named
}

// Connect adds sources while the portal runs, and takes them away.
type Connect interface {
	// Connect adds a source, or changes one that was connected before: what the
	// settings leave out stays as it is, and its last secret stays valid beside
	// another one. A source without a secret gets one, for a webhook that the portal
	// makes. The error is of kind fault.Invalid for settings that cannot be, and of
	// fault.Conflict if the configuration file has a source of this name.
	Connect(ctx context.Context, s SourceSettings) error
	// Disconnect takes a source away that was connected; what the catalog knows of it
	// stays. fault.NotFound if there is none.
	Disconnect(ctx context.Context, name string) error
	// MakeWebhook has the webhook of a source made at its forge that sends to an
	// address, the portal's own if that is empty, or the one changed that is there.
	// The error is of kind fault.NotFound if there is no such source, fault.Conflict
	// if its webhook is being made or cannot be, fault.Invalid for an address that
	// does not lead to it.
	MakeWebhook(ctx context.Context, name, payload string) error
}

// Webhook is what became of the webhook of a source that the portal makes itself.
type Webhook struct {
	Running bool   `json:"running"`
	Done    int    `json:"done"`            // projects that have one each, where a group can have none
	Made    string `json:"made,omitempty"`  // what was, for people
	Error   string `json:"error,omitempty"` // why it could not be made, or not be tried
}

// handleConnect handles "POST /api/sources".
func (a *API) handleConnect(c echo.Context) error {
	var s SourceSettings
	dec := json.NewDecoder(c.Request().Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return fault.New(fault.Invalid, "the body is not the settings of a source as JSON: %w", err)
	}
	if err := a.Connecting.Connect(c.Request().Context(), s); err != nil {
		return err
	}
	for _, src := range a.Sources() {
		if src.Name == s.Name {
			return c.JSON(http.StatusCreated, src)
		}
	}
	return fault.New(fault.Unavailable, "source %s was connected, and taken away at once", s.Name)
}

// handleWebhook handles "POST /api/sources/:name/webhook".
func (a *API) handleWebhook(c echo.Context) error {
	var to struct {
		URL string `json:"url"`
	}
	dec := json.NewDecoder(c.Request().Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&to); err != nil && !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "the body does not say where the webhook is to send to, as JSON: %w", err)
	}
	name := pathParam(c, "name")
	if err := a.Connecting.MakeWebhook(c.Request().Context(), name, to.URL); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"source": name})
}

// handleDisconnect handles "DELETE /api/sources/:name".
func (a *API) handleDisconnect(c echo.Context) error {
	if err := a.Connecting.Disconnect(c.Request().Context(), pathParam(c, "name")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
