"""What the columns of the tables of assets mean; those of the user are described in the YAML."""

from collections.abc import Mapping

from mlops_drift.drift.metrics.registry import SHIPPED, drift_metric

Descriptions = Mapping[str, str]

# Of features too.
EVENTS: Descriptions = {
    "day": "Day of the event, in the time zone of the model; the partition.",
    "event_time": "Moment of the event; null where the source has days only.",
}

LABELS: Descriptions = {"day": "Day on which the label arrived, whichever day its event was."}

PREDICTIONS: Descriptions = {
    "day": "Day of the event that was predicted.",
    "version": "Version that served the day.",
    "prediction": "What was answered: the class, or the number of a regression.",
    "score": "Probability of the positive class; of several classes the largest probability; of a "
    "regression the prediction.",
    "probabilities": "Probability of each class, in the order of target.classes; null for a "
    "regression.",
}

SERVED: Descriptions = {
    "day": "Day of event_time in the time zone of the model.",
    "request_id": "Id of the request that the row was answered in.",
    "row_number": "Place of the row in its request, from 0.",
    "time": "When the row was answered, in UTC.",
    "event_time": "Moment of the event, in UTC.",
    "key": "Key of the event.",
    "version": "Version that answered; null where rules did without one.",
    "served_by": "Who answered: MODEL, or RULES in its place.",
    "reason": "Why rules answered; null where a version did.",
    "arm": "Arm of a rollout; champion outside of one.",
    "prediction": "The answer that was given.",
    "model_prediction": "The version's own answer; null where it was not asked.",
    "score": "Score behind the version's answer.",
    "probabilities": "Probability of each class by the version.",
    "row": "The row as it arrived, as JSON.",
    "features": "The features that were made of it, as JSON; null where rules answered first.",
}

CHECKS: Descriptions = {
    "day": "As-of day: what was known at its end was judged.",
    "check": "Name of the check.",
    "production_day": "Last day of the events that the evaluation is about.",
    "version": "Version that it is about; 0 before the first one.",
    "subject": "What was judged: a column, a source, a metric, or a metric of a slice.",
    "window": "Length of the window in days.",
    "verdict": "pass, fail, or unknown where nothing could be judged.",
    "code": "Reason in one word, such as beyond_limit or too_few_rows.",
    "reason": "Reason in one sentence.",
    "value": "The number; nan where it is undefined.",
    "lower": "Lower end of its 95 % interval; nan without one.",
    "upper": "Upper end of its 95 % interval; nan without one.",
    "threshold": "The limit; nan without one.",
    "n": "Rows behind the number.",
    "p": "Chance of such a number without a real change; nan where it is not tested.",
    "q": "p corrected for all that was judged together.",
    "asset": "Asset that the check belongs to.",
}

DRIFT: Descriptions = {
    "day": "Last day of the window.",
    "version": "Version whose reference the window is compared with.",
    "column": "Column, score or prediction.",
    "window": "Length of the window in days.",
    "baseline": "What it is compared with: the reference, or the same season of the past.",
    "metric": "Distance that the verdict rests on.",
    **{name: f"{drift_metric(name).title}; null where it cannot be computed." for name in SHIPPED},
    "n_reference": "Rows of the reference, nulls included.",
    "n": "Rows of the window, nulls included.",
    "chi2": "Statistic of the contingency test over the bins.",
    "chi2_p": "p-value of that test.",
    "ks_p": "p-value of the Kolmogorov-Smirnov test; null without values on both sides.",
    "null_reference": "Share of missing values in the reference.",
    "null_share": "Share of missing values in the window.",
    "null_p": "p-value that this share has risen.",
    "unseen": "Share of rows with a category that the reference does not know.",
    "out_of_range": "Share of rows outside the smallest and largest number of the reference.",
    "mean_reference": "Mean of the reference; null for categories.",
    "mean": "Mean of the window; null for categories.",
    "std_reference": "Standard deviation of the reference; null for categories.",
    "std": "Standard deviation of the window; null for categories.",
    "minimum": "Smallest number of the window; null for categories.",
    "maximum": "Largest number of the window; null for categories.",
}

VERSIONS: Descriptions = {
    "version": "Number of the version in the registry.",
    "as_of": "Day at whose end it was trained: only what was known then was used.",
    "training_set": "Digest of its training set.",
    "rows": "Rows of the training set.",
    "family": "Family of the learned model.",
    "metric": "Metric that the search optimised.",
    "value": "That metric on the test split.",
    "lower": "Lower end of its 95 % interval.",
    "upper": "Upper end of its 95 % interval.",
    "n_test": "Rows of the test split.",
    "mlflow_run": "Run of MLflow that holds the version.",
    "description": "What it knows of the columns, as JSON.",
}

PROMOTIONS: Descriptions = {
    "number": "Number of the promotion, from 1.",
    "as_of": "Day at whose end the version was promoted; it serves from the next day on.",
    "version": "Version that was promoted.",
    "previous": "Champion before it; null for the first one.",
    "training_set": "Digest of its training set.",
    "reference": "Digest of its reference.",
    "decision": "Decision that it carried out.",
    "person": "Who approved it; null where the policy decided alone.",
    "reason": "Why, in the words of that person.",
    "kind": "decision for one of the policy; promote or rollback for one of a person.",
    "at": "Moment in UTC from which a live service is served by it, whatever the day.",
}

DECISIONS: Descriptions = {
    "decision": "Id of the decision; of a retraining by hand, that of its run.",
    "stage": "decided, chosen, built, trained, waiting, promoted, rejected or failed.",
    "day": "Day at whose end the stage was recorded.",
    "sequence": "Order of decisions within a day, and of stages of trainings.",
    "action": "retrain, alert, give_up, wait, nothing, promote or rollback.",
    "kind": "Kind of what was answered: first, drift, performance, quality, age, several, by_hand.",
    "triggers": "Failed checks that it answers.",
    "version": "Champion that it is about; null before the first one.",
    "candidates": "First event day of the training set by training window, as JSON.",
    "labelled": "Labelled rows known on the day.",
    "evidence": "The evaluations that it rests on, as JSON.",
    "training_window": "Training window that was chosen.",
    "since": "First event day of that window; null for all days.",
    "scores": "How well each training window predicted recent rows, as JSON.",
    "training_set": "Digest of the training set that was built.",
    "challenger": "Version that was trained.",
    "failed_gates": "Gates that the challenger did not pass.",
    "person": "Who decided; null where the policy did.",
    "digest": "Of a failed training: digest of rows, code and description.",
    "reason": "Why, in one or more sentences.",
}
