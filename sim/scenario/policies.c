/* The policies of a scenario: names, options, labels, and which follows which. */
#include <string.h>

#include "base/text.h"
#include "loader.h"

/* The policies of the table, then those that the caller brings. */
static const policy_type *type_at(const scenario_loader *l, size_t index) {
    size_t n = 0;
    for (; POLICIES[n]; n++)
        if (n == index) return POLICIES[n];
    for (const policy_type *const *own = l->changes->policies; own && *own; own++, n++)
        if (n == index) return *own;
    return NULL;
}

static const policy_type *find_policy(const scenario_loader *l, const char *name) {
    size_t i = 0;
    const policy_type *type = type_at(l, 0);
    while (type && strcmp(type->name, name) != 0) type = type_at(l, ++i);
    return type;
}

static bool unknown_policy(scenario_loader *l, text_mark mark, const char *name) {
    const char *names[SCENARIO_MAX_POLICIES] = {0};
    char allowed[512], hint[HINT_TEXT];
    for (size_t i = 0; i < SCENARIO_MAX_POLICIES - 1 && type_at(l, i); i++) names[i] = type_at(l, i)->name;
    list_words(allowed, sizeof allowed, names);
    return error_input(l->err, mark, "there is no policy '%.60s'%s; known are %s", name, word_hint(hint, name, names),
                       allowed);
}

/* "; write 'entropy_from: confidence'", if another choice of an option makes do without what is needed. */
static const char *other_choice(const policy_setup *setup, unsigned need, char hint[HINT_TEXT]) {
    for (const policy_option *o = setup->type->options; o && o->name; o++) {
        if (o->kind != OPTION_CHOICE || !o->needs) continue;
        for (int i = 0; o->choices[i]; i++)
            if (!(o->needs[i] & need)) snprintf(hint, HINT_TEXT, "; write '%s: %s'", o->name, o->choices[i]);
    }
    return hint;
}

/* "confidence(threshold=0.9,exits=all)" */
static const char *descriptive_label(scenario_loader *l, const char *name, const yaml_node *options) {
    char text[256];
    size_t used = (size_t)snprintf(text, sizeof text, "%.60s(", name);
    for (size_t i = 0; options && i < options->count; i++) {
        const yaml_node *value = options->items[2 * i + 1];
        if (value->kind != YAML_SCALAR) continue;
        int n = snprintf(text + used, sizeof text - used, "%s%.40s=%.40s", used > strlen(name) + 1 ? "," : "",
                         options->items[2 * i]->text, value->text);
        used = n < 0 || (size_t)n >= sizeof text - used ? sizeof text - 2 : used + (size_t)n;
    }
    snprintf(text + used, sizeof text - used, ")");
    char shown[4 * sizeof text]; /* a label is printed */
    text_printable(shown, sizeof shown, text);
    const char *label = arena_text(&l->s->memory, shown, strlen(shown));
    if (!label) error_memory(l->err, sizeof shown);
    return label;
}

/* A policy as it stands in the list: a name, or a map of one name to its options. */
typedef struct policy_item {
    const yaml_node *name;
    const yaml_node *options; /* NULL: none */
} policy_item;

static bool split_item(const yaml_node *node, policy_item *item, portolan_error *err) {
    *item = (policy_item){node, NULL};
    if (node->kind == YAML_SCALAR) return true;
    if (node->kind != YAML_MAP || node->count != 1)
        return error_input(err, node->mark,
                           "a policy is a name or a map of one name to its options, like "
                           "{confidence: {threshold: 0.8}}");
    item->name = node->items[0];
    const yaml_node *options = node->items[1];
    if (options->kind == YAML_SCALAR && !*options->text) return true;
    item->options = options;
    return yaml_expect(options, YAML_MAP, "the options of a policy", err);
}

/* What the policy needs and this scenario has not; names the options that need less. */
static bool check_probabilities(scenario_loader *l, const policy_setup *setup, text_mark mark) {
    char hint[HINT_TEXT] = "";
    if (!(setup->needs & POLICY_NEEDS_PROBABILITIES) || l->s->table.probabilities) return true;
    return error_input(
        l->err, mark, "'%s' needs every class's probability, but the outcome table of 'model' holds only confidences%s",
        setup->type->name, other_choice(setup, POLICY_NEEDS_PROBABILITIES, hint));
}

static bool options_go_together(scenario_loader *l, const policy_setup *setup, text_mark mark) {
    char why[POLICY_WHY] = "";
    return !setup->type->check || setup->type->check(setup->options, why) || error_input(l->err, mark, "%s", why);
}

static bool read_options(scenario_loader *l, const yaml_node *options, policy_setup *setup, policy_values *values) {
    yaml_field fields[POLICY_MAX_FIELDS];
    policy_fields(setup->type, fields);
    if (!yaml_read(options, setup->type->name, fields, values, l->err)) return false;
    setup->options = values->options;
    setup->needs = policy_needs(setup->type, setup->options);
    setup->other = values->other;
    setup->scope = setup->type->feedback ? (policy_scope)values->scope : SCOPE_FLEET;
    return options_go_together(l, setup, options->mark) && scenario_read_map(l, options, values, setup);
}

static bool read_policy(scenario_loader *l, const yaml_node *node, bool name_is_taken, policy_setup *setup) {
    policy_item item;
    if (!split_item(node, &item, l->err)) return false;
    const policy_type *type = find_policy(l, item.name->text);
    if (!type) return unknown_policy(l, item.name->mark, item.name->text);
    *setup = (policy_setup){.type = type, .label = type->name, .follows = -1};
    size_t bytes = sizeof(policy_values) + type->size;
    policy_values *values = arena_alloc(&l->s->memory, 1, bytes);
    if (!values) return error_memory(l->err, bytes);
    yaml_node none = {.kind = YAML_MAP, .mark = item.name->mark};
    if (!read_options(l, item.options ? item.options : &none, setup, values) ||
        !check_probabilities(l, setup, item.name->mark))
        return false;
    if (values->label)
        setup->label = values->label;
    else if (name_is_taken)
        setup->label = descriptive_label(l, type->name, item.options);
    return setup->label != NULL;
}

/* Whether another item of the list, without a name of its own (`as:`), is the same policy. */
static bool appears_twice(const yaml_node *list, const yaml_node *node) {
    policy_item here, other;
    portolan_error ignored = {0};
    if (!split_item(node, &here, &ignored)) return false;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] != node && split_item(list->items[i], &other, &ignored) &&
            strcmp(here.name->text, other.name->text) == 0 && !yaml_find(other.options, "as"))
            return true;
    return false;
}

static bool check_label(scenario_loader *l, size_t i, text_mark mark) {
    for (size_t k = 0; k < i; k++)
        if (strcmp(l->s->policies[k].label, l->s->policies[i].label) == 0)
            return error_input(l->err, mark, "two policies are called '%s'; give one of them another name with 'as:'",
                               l->s->policies[i].label);
    return true;
}

static bool resolve_follows(scenario_loader *l, const yaml_node *list) {
    scenario *s = l->s;
    for (size_t i = 0; i < s->policy_count; i++) {
        policy_setup *setup = &s->policies[i];
        if (!setup->other) continue;
        const char *label = setup->other;
        for (size_t k = 0; k < s->policy_count; k++)
            if (strcmp(s->policies[k].label, label) == 0) setup->follows = (int)k;
        if (setup->follows < 0 || s->policies[setup->follows].other)
            return error_input(l->err, list->items[i]->mark,
                               "'%s: %s' names %s; it must be the label of another policy of this scenario",
                               policy_option_of(setup->type, OPTION_POLICY)->name, label,
                               setup->follows < 0 ? "no policy of this list" : "a policy that follows one itself");
    }
    return true;
}

bool scenario_read_policies(scenario_loader *l) {
    scenario *s = l->s;
    const yaml_node *list = l->keys.policies;
    if (!yaml_expect(list, YAML_LIST, "policies", l->err)) return false;
    if (!list->count || list->count > SCENARIO_MAX_POLICIES)
        return error_input(l->err, list->mark, "'policies' lists %zu policies; 1 to %d are allowed", list->count,
                           SCENARIO_MAX_POLICIES);
    s->policies = arena_alloc(&s->memory, list->count, sizeof *s->policies);
    if (!s->policies) return error_memory(l->err, list->count * sizeof *s->policies);
    for (size_t i = 0; i < list->count; i++) {
        const yaml_node *node = list->items[i];
        if (!read_policy(l, node, appears_twice(list, node), &s->policies[i]) || !check_label(l, i, node->mark))
            return false;
        s->policy_count++;
    }
    return resolve_follows(l, list);
}

/* --policy: keeps the items of that label or name, in the order asked for; a name that is not in the list is added with
 * its default options. */
bool scenario_choose_policies(scenario_loader *l, char *const *only, size_t count) {
    yaml_node *root = l->s->documents[0].root, *list = (yaml_node *)yaml_find(root, "policies");
    if (!list) return true; /* the missing key is reported later */
    if (!yaml_expect(list, YAML_LIST, "policies", l->err)) return false;
    yaml_node **items = arena_alloc(&l->s->memory, count * (list->count + 1), sizeof *items);
    yaml_node *fresh = arena_alloc(&l->s->memory, count, sizeof *fresh);
    if (!items || !fresh) return error_memory(l->err, count * (list->count + 1) * sizeof *items);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t before = kept;
        for (size_t k = 0; k < list->count; k++) {
            policy_item item;
            if (!split_item(list->items[k], &item, l->err)) return false;
            const yaml_node *as = yaml_find(item.options, "as");
            bool called = strcmp(item.name->text, only[i]) == 0 ||
                          (as && as->kind == YAML_SCALAR && strcmp(as->text, only[i]) == 0);
            if (called) items[kept++] = list->items[k];
        }
        if (kept > before) continue;
        fresh[i] = (yaml_node){.kind = YAML_SCALAR, .mark = {"--policy", 1, 1}, .text = only[i], .plain = true};
        items[kept++] = &fresh[i];
    }
    list->items = items;
    list->count = kept;
    return true;
}
